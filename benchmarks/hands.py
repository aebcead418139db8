"""Digits and letters of fonts that people drew after their own handwriting, and the digits of scikit-learn's writers: who is learned from, and who
is only asked.

The fonts come from npm's @fontsource packages (open licences), which `npm pack` fetches into the folder `runs/fonts`. Each font is in one list:
LEARNED belongs to the training of the shipped network (benchmarks/record.py), ASKED to the benchmarks alone (own_digits.py). Families that share a
hand, such as Caveat and Caveat Brush or the eighteen of Playwrite, are on one side. scikit-learn's 1,797 digits stand in the order of their
writers: the first half is learned from, the second asked.
"""
import shutil
import subprocess
import tarfile
from io import BytesIO

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from table import ROOT

import mnist_ann as ma
from mnist_ann.pictures import cut_out, even_stroke, straighten
from mnist_ann.recognition import fit_and_centre

ASKED = """architects-daughter annie-use-your-telescope bad-script beth-ellen caveat caveat-brush cedarville-cursive charmonman chilanka coming-soon
    covered-by-your-grace crafty-girls dawning-of-a-new-day dekko delius edu-nsw-act-foundation edu-sa-beginner fuzzy-bubbles gaegu gamja-flower
    give-you-glory gloria-hallelujah gochi-hand grape-nuts hachi-maru-pop handlee hi-melody homemade-apple indie-flower itim just-another-hand
    just-me-again-down-here kalam klee-one kristi la-belle-aurore liu-jian-mao-cao long-cang loved-by-the-king mali mansalva marck-script mynerve
    nanum-brush-script nanum-pen-script neucha nothing-you-could-do over-the-rainbow pangolin patrick-hand permanent-marker playwrite-cz
    playwrite-de-grund playwrite-fr-moderne playwrite-it-moderna playwrite-nl playwrite-pl poor-story reenie-beanie rock-salt schoolbell sedgwick-ave
    shadows-into-light shadows-into-light-two short-stack single-day sue-ellen-francisco sunshiney swanky-and-moo-moo the-girl-next-door vibur
    waiting-for-the-sunrise walter-turncoat yomogi zeyada""".split()
LEARNED = """aguafina-script alex-brush allison allura amatic-sc andika arizonia babylonica bilbo birthstone bonbon bonheur-royale boogaloo calligraffitti
    caramel carattere cause chewy clicker-script comforter comic-neue comic-relief cookie corinthia courgette cute-font damion dancing-script
    darumadrop-one delicious-handrawn dr-sugiyama dynalight eagle-lake east-sea-dokdo engagement englebert ephesis estonia euphoria-script explora
    felipa finger-paint fondamento fredoka fuggles grand-hotel grandstander grechen-fuemen great-vibes grey-qo gruppo gwendolyn herr-von-muellerhoff
    hubballi hurricane inspiration irish-grover italianno jim-nightshade julee kavivanar kavoon kirang-haerang kiwi-maru kolker-brush league-script
    leckerli-one licorice life-savers lobster-two lovers-quarrel luxurious-script ma-shan-zheng macondo mea-culpa meddon meie-script meow-script
    merienda montez moon-dance mouse-memoirs mr-bedfort mr-dafoe mr-de-haviland mrs-saint-delafield ms-madi my-soul mystery-quest nerko-one norican
    oleo-script oooh-baby oregano overlock pacifico parisienne passions-conflict petit-formal-script pinyon-script playpen-sans princess-sofia
    puppies-play qwigley qwitcher-grypen rancho redressed rochester romanesco rouge-script ruthie sacramento salsa sassy-frass satisfy seaweed-script
    send-flowers sevillana shantell-sans simonetta smooch snippet sniglet sofia solitreo square-peg sriracha stalemate style-script tangerine
    the-nautigal tillana twinkle-star unkempt updock vujahday-script water-brush waterfall whisper windsong yellowtail yeon-sung yesteryear yuji-boku
    yusei-magic zen-kurenaido zen-loop zhi-mang-xing""".split()
# letters and signs that hardly anybody takes for a digit; D, I, O, Q, S, Z and b, g, i, l, o, q, s, z are left out: many people write digits that way
SIGNS, NEW_SIGNS = "?&@#%+$=<>*", "!§~^€£"  # the second are asked alone
LETTERS = "ABCEFGHJKLMNPRTUVWXYacdefhjkmnprtuvwxy" + SIGNS


def fetched(names):
    "These fonts as their files' bytes by name, fetched if need be; None without npm."
    folder, found = ROOT / "runs/fonts", {}
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        if not list(folder.glob(f"fontsource-{name}-[0-9]*.tgz")):
            if not shutil.which("npm"):
                print("npm is missing: the handwritten fonts are left out", flush=True)
                return None
            subprocess.run(["npm", "pack", "--silent", f"@fontsource/{name}"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        with tarfile.open(next(folder.glob(f"fontsource-{name}-[0-9]*.tgz"))) as package:
            file = min((file for file in package.getnames() if file.endswith("-latin-400-normal.woff2")), key=len)
            found[name] = package.extractfile(file).read()
    return found


def written(sign, font, side=360):
    "A sheet with a sign in the middle, uint8 (side, side), dark on white."
    sheet = Image.new("L", (side, side), 255)
    ImageDraw.Draw(sheet).text((side // 2, side // 2), sign, font=font, fill=0, anchor="mm")
    return np.asarray(sheet)


def as_learned(sheet, rng):
    "The sign of a sheet with a pen of some width, as MNIST has its digits: uint8 (28, 28)."
    ink = 1 - sheet.astype(np.float32) / 255
    return fit_and_centre(straighten(even_stroke(cut_out(ink, (ink > 0.3).astype(np.uint8)), thinnest=rng.uniform(1.2, 3))))


def learned(digits_each=3, letters_each=18, seed=0):
    "Digits of the fonts and of the writers that are learned from, and images, uint8 (n, 28, 28), of the fonts' letters."
    rng, digits, letters = np.random.default_rng(seed), [], []
    for file in fetched(LEARNED).values():
        font = ImageFont.truetype(BytesIO(file), 150)
        digits += [as_learned(written(sign, font), rng) for sign in "0123456789" for _ in range(digits_each)]
        sheets = (written(sign, font) for sign in rng.choice(list(LETTERS), letters_each, replace=False))
        letters += [as_learned(sheet, rng) for sheet in sheets if sheet.min() < 128]  # some fonts lack a sign
    labels = [np.tile(np.repeat(np.arange(10, dtype=np.uint8), digits_each), len(LEARNED))]
    for _ in range(2):  # each with two pens
        images, written_by = scikit_writers(learned=True)
        images = (images * 15.9).astype(np.uint8)
        digits += [as_learned(255 - cv2.resize(np.pad(image, 4), (160, 160), interpolation=cv2.INTER_CUBIC), rng) for image in images]
        labels.append(written_by)
    return ma.Digits(np.stack(digits), np.concatenate(labels)), np.stack(letters)


def scikit_writers(learned):
    "The half of scikit-learn's digits that is learned from, or else the other, as they are: floats (n, 8, 8) from 0 to 16, and labels, uint8."
    from sklearn.datasets import load_digits

    digits = load_digits()
    half = len(digits.target) // 2
    part = slice(half) if learned else slice(half, None)
    return digits.images[part], digits.target[part].astype(np.uint8)
