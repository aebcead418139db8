"Sphinx' settings for the site. pages.py writes its sources from the notebooks; steps.py is what Sphinx does beside its own."
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from pages import SETTINGS as settings
from pages import repository_url

project, author, copyright, release = settings["title"], settings["author"], settings["copyright"], settings["version"]
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx_copybutton", "steps"]
root_doc = "index"
language = "en"
default_role = "code"  # our docstrings are written in Markdown

nb_execution_mode = "off"
nb_ipywidgets_js = {}  # a widget is shown by its picture; nothing is fetched
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "html_image"]
myst_heading_anchors = 3
myst_heading_slug_func = "steps.anchor"
html_math_renderer = "mathml"
suppress_warnings = ["mystnb.unknown_mime_type", "myst.header", "misc.highlighting_failure", "config.cache"]

autodoc_member_order = "bysource"
autodoc_typehints = "none"
python_maximum_signature_line_length = 80

html_theme = "sphinx_book_theme"
html_title = project
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_domain_indices = False  # the page "API" lists the modules
repository = repository_url()
html_theme_options = {"show_navbar_depth": 1, "home_page_in_toc": True, "show_toc_level": 2, "article_header_end": ["article-header-buttons"]}
if repository:
    html_theme_options |= {"repository_url": repository, "repository_branch": settings["branch"], "path_to_docs": "nbs", "use_repository_button": True, "use_issues_button": True,
                           "launch_buttons": {"colab_url": "https://colab.research.google.com", "binderhub_url": "https://mybinder.org", "notebook_interface": "jupyterlab"}}
