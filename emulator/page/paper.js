// The paper: slips come out of the mouth, header first, and stay until they are torn off.

import { make } from "./make.js";

const WIDE_FROM = 0x2000; // as the firmware counts its 32 columns

/** One line in cells of equal width, whatever font the browser found: a Han character takes exactly two. */
function line(text) {
  const cells = make("span", "line");
  let plain = "";
  for (const character of text) {
    const code = character.codePointAt(0);
    if (code < 0x7f) {
      plain += character;
      continue;
    }
    cells.append(plain, make("span", code > WIDE_FROM ? "wide" : "narrow", character));
    plain = "";
  }
  cells.append(plain);
  return cells;
}

/** What is no text: a QR code, dot by dot. */
function picture({ width, bits }) {
  const bytes = Uint8Array.from(atob(bits), (byte) => byte.charCodeAt(0));
  const canvas = make("canvas", "", [], { width, height: (bytes.length * 8) / width, role: "img", "aria-label": "二维码 QR code", title: "点一下扫码 Click to scan it" });
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  for (let at = 0; at < bytes.length * 8; at++) {
    const black = (bytes[at >> 3] << (at & 7)) & 0x80;
    image.data.set(black ? [36, 34, 29, 255] : [0, 0, 0, 0], 4 * at);
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

function slip(text, pictures) {
  const lines = text.replace(/\n$/, "").split("\n");
  const pre = make("pre", "", lines.flatMap((words, at) => (at ? ["\n", line(words)] : [line(words)])));
  return make("div", "slip", make("div", "sheet", [pre, ...pictures.map(picture)]));
}

/** Returns show(state). `scan(at)` is called when the QR code of a slip is held to the scanner. */
export function paper(roll, word, scan) {
  let shown = null;

  roll.addEventListener("click", (event) => {
    const sheet = event.target.closest("canvas")?.closest(".slip:not(.torn)");
    if (sheet) scan(Number(sheet.dataset.at));
  });

  function tearOff() {
    for (const old of roll.querySelectorAll(".slip:not(.torn)")) {
      old.classList.remove("coming");
      old.classList.add("torn");
      const gone = old.getAnimations().map((animation) => animation.finished.catch(() => null));
      Promise.all(gone).then(() => old.remove());
    }
  }

  return (state) => {
    word.textContent = state.paper_in ? "" : "缺纸 no paper";
    roll.classList.toggle("loaded", state.paper_in);
    const now = state.paper;
    const first = shown === null;
    if (!first && !shown.every((text, at) => text === now[at])) {
      tearOff();
      shown = [];
    }
    for (let at = first ? 0 : shown.length; at < now.length; at++) {
      const fresh = slip(now[at], state.paper_pictures[at] ?? []);
      fresh.dataset.at = at;
      if (!first) fresh.classList.add("coming");
      roll.prepend(fresh); // drawn from the bottom up: the first child is next to the mouth
    }
    if (now.length > (shown?.length ?? 0)) roll.scrollTop = 0;
    shown = now;
  };
}
