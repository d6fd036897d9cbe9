// The keys of the terminal, under the mouse and on the keyboard of the PC.

const PC_KEYS = { Enter: "ENTER", Escape: "CANCEL", Backspace: "CLEAR", ArrowUp: "UP", ArrowDown: "DOWN", l: "LANG", L: "LANG" };
const PRESSED_MS = 120;

/** The control that would use this key itself: whoever walks the page by Tab must still be able to use it. */
function taken(target, key) {
  if (target.closest("select")) return !/^[0-9]$/.test(key);
  if (key === "Enter") return Boolean(target.closest("button, summary"));
  return key.startsWith("Arrow") && Boolean(target.closest("[role=tab], [role=tabpanel], [role=region]"));
}

/** `press(key)` is called for every key. */
export function keypad(keys, press) {
  keys.addEventListener("click", (event) => {
    const key = event.target.closest("button")?.dataset.key;
    if (key) press(key);
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.isComposing) return;
    const key = /^[0-9]$/.test(event.key) ? event.key : PC_KEYS[event.key];
    if (!key || taken(event.target, event.key)) return;
    event.preventDefault();
    press(key);
    const button = keys.querySelector(`[data-key="${key}"]`);
    button.classList.add("pressed");
    setTimeout(() => button.classList.remove("pressed"), PRESSED_MS);
  });
}
