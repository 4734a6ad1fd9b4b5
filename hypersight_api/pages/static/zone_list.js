// The zones as a list beside the picture: names, what each is, and the same actions as buttons.
import { inWords } from "/static/zone_geometry.js";

function made(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

export class ZoneList {
  constructor(root, editor) {
    Object.assign(this, { root, editor });
    editor.model.onChange(() => this.draw());
    root.addEventListener("click", ({ target }) => this.clicked(target.closest("button")));
    root.addEventListener("change", ({ target }) => this.renamed(target));
    root.addEventListener("focusin", ({ target }) => this.chosen(target.closest("li")));
    this.draw();
  }

  draw() {
    const key = document.activeElement?.dataset?.key;
    const hadFocus = this.root.contains(document.activeElement);
    const { zones } = this.editor.model;
    this.root.replaceChildren(...zones.map((zone, index) => this.row(zone, index)));
    if (hadFocus) (this.root.querySelector(`[data-key="${key}"]`) ?? this.editor.root).focus({ preventScroll: true });
    this.showSelected();
  }

  row({ name, corners }, index) {
    const isLine = corners.length === 2;
    const called = name || `${isLine ? "Line" : "Zone"} ${index + 1}`;
    const what = isLine ? `Line, ${inWords(corners, this.editor.view.aspect)}` : `Zone with ${corners.length} points`;
    const input = made("input", {
      value: name, placeholder: called, "aria-label": `Name of ${isLine ? "line" : "zone"} ${index + 1}`, maxlength: 200,
      "data-key": `name ${index}`, autocomplete: "off",
    });
    const button = (words, action) =>
      made("button", { type: "button", class: "quiet", "data-action": action, "data-key": `${action} ${index}` }, words, made("span", { class: "unseen" }, ` ${called}`));
    const actions = isLine ? [button("Turn round", "turn")] : [button("Add point", "insert")];
    return made(
      "li", { "data-zone": index, class: `tint-${index % 6}` },
      made("span", { class: "swatch", "aria-hidden": "true" }), input, made("p", { class: "note small" }, what),
      made("div", { class: "row-actions" }, ...actions, button("Delete", "remove")),
    );
  }

  showSelected() {
    const { selected } = this.editor;
    for (const row of this.root.children) row.classList.toggle("is-selected", Number(row.dataset.zone) === selected?.zone);
  }

  clicked(button) {
    if (!button) return;
    const zone = Number(button.closest("li").dataset.zone);
    const { editor } = this;
    if (button.dataset.action === "turn") editor.try((model) => model.turn(zone), "Line turned round");
    if (button.dataset.action === "remove") editor.try((model) => model.remove(zone), "Zone deleted");
    if (button.dataset.action === "insert") {
      if (editor.selected?.zone !== zone) editor.select({ zone, corner: null });
      editor.insertPoint();
    }
  }

  renamed(input) {
    const zone = Number(input.closest("li").dataset.zone);
    this.editor.try((model) => model.rename(zone, input.value.trim()), "Name changed");
  }

  chosen(row) {
    if (!row) return;
    const zone = Number(row.dataset.zone);
    if (!this.editor.points && this.editor.selected?.zone !== zone) this.editor.select({ zone, corner: null });
  }
}
