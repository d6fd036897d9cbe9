// New elements. Text is always set as text: nothing that comes from outside is ever read as HTML.

/** An element with a class, its children (strings become text) and attributes. */
export function make(tag, name = "", children = [], attributes = {}) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  element.append(...[children].flat());
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  return element;
}

/** Chinese first, English small beside it. */
export function both(chinese, english) {
  return [chinese, " ", make("small", "", english, { lang: "en" })];
}
