// The glass: one bit a pixel, drawn pixel for pixel.

const COLUMNS = 240;
const ROWS = 160;
const GLASS = 0xffb3d3c7; // a, b, g, r: light behind the glass
const INK = 0xff201f1a;
const DARK = 0xff4d554f; // no power, no light

/** Returns show(state). `said` mirrors the text for those who listen, and for tests. */
export function screen(canvas, said) {
  const context = canvas.getContext("2d");
  const image = context.createImageData(COLUMNS, ROWS);
  const dots = new Uint32Array(image.data.buffer);
  const glass = canvas.parentElement;
  let drawn = "";

  function fit() {
    // Whole device pixels for each dot, or some dots would be wider than others.
    const ratio = window.devicePixelRatio || 1;
    const each = Math.max(1, Math.floor((glass.clientWidth * ratio) / COLUMNS + 0.01));
    canvas.style.width = `${(COLUMNS * each) / ratio}px`;
    canvas.style.height = `${(ROWS * each) / ratio}px`;
  }
  new ResizeObserver(fit).observe(glass);
  fit();

  return (state) => {
    const picture = `${state.on} ${state.pixels}`;
    if (picture === drawn) return;
    drawn = picture;
    const bits = Uint8Array.from(atob(state.pixels), (byte) => byte.charCodeAt(0));
    const light = state.on ? GLASS : DARK;
    for (let at = 0; at < dots.length; at++) dots[at] = state.on && (bits[at >> 3] << (at & 7)) & 0x80 ? INK : light;
    context.putImageData(image, 0, 0);
    const text = state.on ? state.text : "";
    if (said.textContent !== text) said.textContent = text;
  };
}
