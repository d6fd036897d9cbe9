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

function slip(text) {
  const lines = text.replace(/\n$/, "").split("\n");
  const pre = make("pre", "", lines.flatMap((words, at) => (at ? ["\n", line(words)] : [line(words)])));
  return make("div", "slip", make("div", "sheet", pre));
}

/** Returns show(state). */
export function paper(roll, word) {
  let shown = null;

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
    for (const text of now.slice(first ? 0 : shown.length)) {
      const fresh = slip(text);
      if (!first) fresh.classList.add("coming");
      roll.prepend(fresh); // drawn from the bottom up: the first child is next to the mouth
    }
    if (now.length > (shown?.length ?? 0)) roll.scrollTop = 0;
    shown = now;
  };
}
