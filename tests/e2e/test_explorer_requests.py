"""The explorer's requests, with a server that answers when the test says so."""

import pytest

from app.server.routes import asset_path

pytestmark = pytest.mark.browser

# An explorer of two dimensions and 2 x 2 x 2 voxels, whose requests wait until the test answers them.
PROBE = """
async path => {
  const { mount } = await import(path);
  const { encodeCode } = await import(path.replace("component.js", "explorer/codes.js"));
  const host = document.createElement("div");
  document.body.append(host);
  const waiting = [];
  window.fetch = (url) => new Promise((resolve) => waiting.push({ url, resolve }));
  const code = (...steps) => encodeCode(Int16Array.of(steps[0], steps[1] ?? 0));
  const show = (data) => mount({ parentElement: host, setStateValue() {}, data: {
    kind: "explorer", shape: [2, 2, 2], affine: [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]],
    planes: ["axial", "coronal", "sagittal"],
    title: "", note: "", order: [0, 1], low: code(-64, -64), high: code(64, 64), ...data } });
  const until = async (holds) => {
    for (let turn = 0; turn < 500 && !holds(); turn += 1) await new Promise((resolve) => setTimeout(resolve, 10));
    if (!holds()) throw new Error(`never: ${holds}`);
  };
  const answer = async (url, grey) => {
    const place = () => waiting.findIndex((request) => request.url === url);
    await until(() => place() >= 0);
    const reply = new Response(new Uint8Array(8).fill(grey), { headers: { "X-Request": "1" } });
    const read = reply.arrayBuffer.bind(reply);
    let taken = false;
    reply.arrayBuffer = () => read().finally(() => { taken = true; });
    waiting.splice(place(), 1)[0].resolve(reply);
    await until(() => taken);
    await new Promise((resolve) => setTimeout(resolve, 0)); // what waits for the bytes goes on first
  };
  BODY
}
"""


@pytest.fixture
def probe(visit):
    """Return a function that runs script lines with `show(data)`, `answer(url, grey)`, `code(...steps)` and `host`."""
    return lambda body: visit("cohort").evaluate(PROBE.replace("BODY", body), asset_path("volume_viewer/component.js"))


def test_a_renewed_address_of_the_decoder_keeps_position_and_history(probe):
    found = probe(
        """
        show({ run: "a", decodeUrl: "/old", revision: 1, code: code(0) });
        await answer("/old", 10);
        const { explorer } = host.querySelector(".bv-explorer");
        const slider = host.querySelector("input[data-dimension]");
        slider.value = 20;
        slider.dispatchEvent(new Event("input"));
        await answer("/old", 20);
        show({ run: "a", decodeUrl: "/new", revision: 1, code: code(0) });
        const kept = host.querySelector(".bv-explorer").explorer === explorer;
        explorer.undo();
        await answer("/new", 10);
        show({ run: "b", decodeUrl: "/other", revision: 1, code: code(0) });
        return [kept, host.querySelector(".bv-explorer").explorer === explorer];
        """
    )
    assert found == [True, False]


def test_a_reply_to_an_earlier_start_or_cohort_is_not_taken_for_the_present_one(probe):
    found = probe(
        """
        const histograms = (url) => ({ url, classes: [url], colours: ["#fff"], bins: 1 });
        show({ run: "a", decodeUrl: "/code", revision: 1, code: code(0), histograms: histograms("/first") });
        show({ run: "a", decodeUrl: "/code", revision: 2, code: code(32), histograms: histograms("/second") });
        const slider = host.querySelector("input[data-dimension]");
        slider.value = 40;
        slider.dispatchEvent(new Event("input"));
        await answer("/second", 2);
        await answer("/first", 1);
        for (const grey of [10, 20, 30]) await answer("/code", grey);
        const { explorer } = host.querySelector(".bv-explorer");
        return [explorer.startVolume[0], explorer.shownVolume[0], explorer.histograms.bytes[0], explorer.running];
        """
    )
    assert found == [20, 30, 2, False]
