// The bridge to Streamlit: `mount` is called with every new set of data and keeps what is already on screen.

import { adoptStyle, make } from "./viewer/dom.js";
import { createExplorer } from "./explorer/explorer.js";
import { buildFoot } from "./viewer/foot.js";
import { createViewer } from "./viewer/viewer.js";
import { afterPaint } from "./viewer/timing.js";

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

/** One viewer a panel, in columns; each keeps its picture until it has the next one, also when their number changes. */
class PanelsHost {
  constructor(host) {
    this.host = host;
    this.viewers = [];
    this.urls = [];
  }

  update({ panels, columns, options, group }) {
    const signature = JSON.stringify([options, group, [...new Set(panels.flatMap(({ planes }) => planes))]]);
    if (signature !== this.signature) this.#rebuild();
    this.signature = signature;
    this.grid.classList.toggle("bv-tight", panels.length > 1);
    this.grid.style.setProperty("--bv-columns", columns);
    this.#count(panels, options, group);
    panels.forEach((panel, i) => {
      this.viewers[i].dom.retitle(panel.title, panel.note);
      const url = `${panel.url} ${panel.overlay?.url}`;
      if (this.urls[i] === url) return;
      this.urls[i] = url;
      this.viewers[i].load(panel).then(() => afterPaint("first-image", 0));
    });
    this.foot?.show(panels.find((panel) => panel.overlay)?.overlay ?? null);
  }

  #rebuild() {
    this.destroy();
    this.grid = make("div.bv-panels");
    this.host.replaceChildren(this.grid);
  }

  /** Have as many viewers as there are panels. A new one takes over the grey levels of the first, so that brightness can be compared. */
  #count(panels, options, group) {
    for (const viewer of this.viewers.splice(panels.length)) viewer.destroy();
    this.urls.length = Math.min(this.urls.length, panels.length);
    for (const panel of panels.slice(this.viewers.length)) {
      this.viewers.push(createViewer(this.grid, {
        ...options, group, title: panel.title, note: panel.note, shape: panel.shape, affine: panel.affine, planes: panel.planes,
        overlay: panel.overlay && { opacity: panel.overlay.opacity },
      }));
    }
    if (this.foot || options.toolbar !== false || options.readout !== false || !this.viewers.length) return;
    this.foot = buildFoot(this.viewers[0]);
    this.host.append(this.foot.root);
  }

  destroy() {
    this.viewers.forEach((viewer) => viewer.destroy());
    this.viewers = [];
    this.urls = [];
    this.foot = null;
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
