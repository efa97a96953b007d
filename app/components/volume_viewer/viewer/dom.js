// Elements, and the style that all of them share.

const sheet = new CSSStyleSheet();
sheet.replaceSync(await (await fetch(new URL("viewer.css", import.meta.url))).text());

/** Put the viewer's style into the document or shadow root that holds `node`. */
export function adoptStyle(node) {
  const root = node.getRootNode();
  if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
}

/** A new element; `make("button.tool", {title}, "text", child)`. */
export function make(selector, attributes = {}, ...children) {
  const [tag, ...classes] = selector.split(".");
  const node = document.createElement(tag);
  node.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}
