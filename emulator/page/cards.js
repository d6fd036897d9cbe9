// The tray of test cards: a card is dragged onto the reader, or clicked.

import { make } from "./make.js";

const DRAG_FROM = 6; // pixels; less is a click

/** Returns show(state). `present(card)` is called when a card is held to the reader. */
export function cards(tray, reader, present) {
  function hold(id) {
    present(id);
    reader.classList.remove("reading");
    requestAnimationFrame(() => reader.classList.add("reading"));
  }

  function over(event) {
    const box = reader.getBoundingClientRect();
    return event.clientX > box.left && event.clientX < box.right && event.clientY > box.top && event.clientY < box.bottom;
  }

  function card({ id, name, number }) {
    const button = make("button", "card", [make("b", "", name), make("span", "", number)], {
      type: "button",
      "data-card": id,
      "aria-label": `把卡放到读卡区 Present the card: ${name} ${number}`,
    });
    let start = null;
    let dragged = false;

    function drop() {
      start = null;
      button.classList.remove("held");
      reader.classList.remove("near");
      button.style.transform = "";
    }
    button.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      start = [event.clientX, event.clientY];
      dragged = false;
      button.setPointerCapture(event.pointerId);
    });
    button.addEventListener("pointermove", (event) => {
      if (start === null) return;
      const [right, down] = [event.clientX - start[0], event.clientY - start[1]];
      dragged = dragged || Math.hypot(right, down) > DRAG_FROM;
      if (!dragged) return;
      button.classList.add("held");
      button.style.transform = `translate(${right}px, ${down}px)`;
      reader.classList.toggle("near", over(event));
    });
    button.addEventListener("pointerup", (event) => {
      if (start !== null && dragged && over(event)) hold(id);
      drop();
    });
    button.addEventListener("pointercancel", drop);
    button.addEventListener("click", () => {
      if (!dragged) hold(id);
      dragged = false; // the click that ends a drag
    });
    return button;
  }

  let shown = "";
  return (state) => {
    const now = JSON.stringify(state.tray);
    if (now === shown) return;
    shown = now;
    tray.replaceChildren(...state.tray.map(card));
  };
}
