// Elements are made here only, and texts are only ever set as text: names, SDP and notes come from the network.

/** An element with attributes, properties that are functions (event handlers), and children: elements or texts. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (typeof value === "boolean") element.toggleAttribute(name, value);
    else if (value !== undefined && value !== null) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Set a text, if it is another one: an unchanged page costs nothing. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Short texts in a line, each of which stays together. */
export function sayPieces(element, pieces) {
  const shown = pieces.filter(Boolean);
  if (element.dataset.pieces === shown.join("\n")) return;
  element.dataset.pieces = shown.join("\n");
  element.replaceChildren(...shown.flatMap((piece, index) => [...(index ? [" "] : []), h("span", {}, piece)]));
}

/** A state in its colour. */
export function sayState(element, state) {
  say(element, state);
  if (element.dataset.state !== state) element.dataset.state = state;
}

/** Terms and what they are, for a dl; the elements are kept as long as the terms are the same. */
export function sayFigures(list, figures) {
  const shown = figures.filter(([, text]) => text !== "");
  const terms = shown.map(([term]) => term).join("\n");
  if (list.dataset.terms !== terms) {
    list.dataset.terms = terms;
    list.replaceChildren(...shown.map(([term]) => h("div", {}, h("dt", {}, term), h("dd"))));
  }
  shown.forEach(([, text, tone], index) => {
    const value = list.children[index].lastChild;
    say(value, text);
    value.className = tone ?? "";
  });
}

/** Keep one thing per key, in the order of the items: `make(item)` gives one with `element` and `update(item, ...more)`. */
export function keepInStep(container, kept, items, keyOf, make, ...more) {
  const keys = new Set(items.map(keyOf));
  for (const [key, thing] of kept) {
    if (!keys.has(key)) {
      thing.element.remove();
      kept.delete(key);
    }
  }
  items.forEach((item, index) => {
    const key = keyOf(item);
    if (!kept.has(key)) kept.set(key, make(item));
    const thing = kept.get(key);
    if (container.children[index] !== thing.element) container.insertBefore(thing.element, container.children[index] ?? null);
    thing.update(item, ...more);
  });
}
