// The bridge to Streamlit: `mount` is called with every new set of data and keeps what is already on screen.

import { adoptStyle, make } from "./frame.js";
import { createExplorer } from "./explorer.js";
import { createViewer } from "./viewer.js";
import { afterPaint } from "./timing.js";

const RELEASED = "brainlab-released";

/** Show or update a component; returns the clean-up. */
export function mount({ data, parentElement, setStateValue }) {
  let host = parentElement.brainlabHost;
  if (!host) {
    host = make("div.bv-host");
    parentElement.append(host);
    adoptStyle(host);
    parentElement.brainlabHost = host;
  }
  host.app ??= new HOSTS[data.kind](host);
  host.app.update(data, setStateValue);
  return () => setTimeout(() => {
    if (host.isConnected) return;
    host.app.destroy();
    delete parentElement.brainlabHost;
  }, 0);
}

/** One viewer a panel, in columns; the viewers are kept while their number and options stay. */
class PanelsHost {
  constructor(host) {
    this.host = host;
    this.viewers = [];
    this.urls = [];
  }

  update({ panels, columns, options, group }) {
    const signature = JSON.stringify([columns, options, panels.map((panel) => panel.shape)]);
    if (signature !== this.signature) this.#rebuild(panels, columns, options, group);
    this.signature = signature;
    panels.forEach((panel, i) => {
      this.viewers[i].dom.retitle(panel.title, panel.note);
      const url = `${panel.url} ${panel.overlay?.url}`;
      if (this.urls[i] === url) return;
      this.urls[i] = url;
      this.viewers[i].load(panel).then(() => afterPaint("first-image", 0));
    });
  }

  #rebuild(panels, columns, options, group) {
    this.destroy();
    this.urls = [];
    const grid = make("div.bv-panels");
    grid.classList.toggle("bv-tight", panels.length > 1);
    grid.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
    this.host.replaceChildren(grid);
    const shared = panels.length > 1 ? group : null;
    this.viewers = panels.map((panel) => createViewer(grid, {
      ...options, group: shared, title: panel.title, note: panel.note, shape: panel.shape, affine: panel.affine,
      overlay: panel.overlay && { opacity: panel.overlay.opacity },
    }));
    // The first panel's grey levels hold for all, so that brightness can be compared.
    for (const viewer of this.viewers.slice(1)) viewer.windowChosen = true;
  }

  destroy() {
    this.viewers.forEach((viewer) => viewer.destroy());
    this.viewers = [];
  }
}

class ExplorerHost {
  constructor(host) { this.host = host; }

  update(data, setStateValue) {
    // Not the address: that changes every few hours, and with it would go the sliders' positions and their history.
    if (this.explorer && this.run !== data.run) this.destroy();
    this.run = data.run;
    this.explorer ??= createExplorer(this.host, data);
    this.explorer.onRelease = (state) => {
      setStateValue("state", state);
      document.dispatchEvent(new CustomEvent(RELEASED, { detail: state }));
    };
    this.explorer.update(data);
  }

  destroy() {
    this.explorer?.destroy();
    this.explorer = null;
    this.host.replaceChildren();
  }
}

/** Invisible: hears of every release of the explorer on the same page, for parts of it that run apart. */
class FollowerHost {
  constructor() { this.abort = new AbortController(); }

  update(_, setStateValue) {
    // In a task of its own: Streamlit takes one fragment's changes at a time.
    this.tell = (event) => setTimeout(() => setStateValue("state", event.detail), 0);
    if (this.listening) return;
    this.listening = true;
    document.addEventListener(RELEASED, (event) => this.tell(event), { signal: this.abort.signal });
  }

  destroy() { this.abort.abort(); }
}

const HOSTS = { explorer: ExplorerHost, panels: PanelsHost, follower: FollowerHost };
