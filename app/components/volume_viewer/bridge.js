// What Streamlit runs of a component: it calls `mount` of the script at PATH. Streamlit makes a module of its own kind
// (a blob) of these lines, in which a bare path does not resolve: hence the origin. Where that script cannot run, still
// pictures made by the server take its place.

const module = import(location.origin + "PATH");

export default function (component) {
  const { data, parentElement } = component;
  let cleanUp = null;
  let gone = false;
  module.then(({ mount }) => { if (!gone) cleanUp = mount(component); }).catch((error) => {
    console.error(error);
    if (!gone) showStills(parentElement, data);
  });
  return () => { gone = true; cleanUp?.(); };
}

/** Show the middle planes of every panel, with one line that says why. */
function showStills(parent, { panels = [], kind }) {
  if (kind === "follower") return;
  const make = (tag, style, properties) => {
    const node = Object.assign(document.createElement(tag), properties);
    node.style.cssText = style;
    return node;
  };
  const said = panels.length ? "This browser shows still pictures: the viewer's script did not run." : "The script of this page did not run.";
  const stills = make("div", "font: 13px/1.4 system-ui, sans-serif", { className: "bv-stills" });
  stills.append(make("p", "margin: 0 0 6px", { textContent: `${said} Reload the page, or use a current browser.` }));
  const row = make("div", "display: flex; flex-wrap: wrap; gap: 10px", {});
  for (const { title, pictures } of panels) {
    const figure = make("figure", "margin: 0; flex: 0 1 240px", {});
    figure.append(make("figcaption", "font-weight: 600", { textContent: title }));
    for (const src of pictures) figure.append(make("img", "display: block; width: 100%; background: #000", { src, alt: `${title}: three middle planes` }));
    row.append(figure);
  }
  stills.append(row);
  parent.replaceChildren(stills);
}
