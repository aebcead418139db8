// A slider over named stops: the browser's own, since those of ipywidgets have no name for a screen reader.
// `place` is the stop; it is told when the slider is let go.
import { keepKeys, make } from "./elements.js";

function render({ model, el }) {
  const stops = model.get("stops");
  const input = make("input", { type: "range", min: "0", max: String(stops.length - 1), step: "1" });
  const value = make("output", {});
  const root = make("label", { class: "mnist-ann-slider" }, make("span", {}, model.get("description")), input, value);
  function say() {
    value.textContent = stops[Number(input.value)];
    input.setAttribute("aria-valuetext", value.textContent);
  }
  function update() {
    input.value = String(model.get("place"));
    say();
  }
  input.addEventListener("input", say);
  input.addEventListener("change", () => { model.set("place", Number(input.value)); model.save_changes(); });
  keepKeys(root);
  model.on("change:place", update);
  update();
  el.append(root);
  return () => model.off("change:place", update);
}

export default { render };
