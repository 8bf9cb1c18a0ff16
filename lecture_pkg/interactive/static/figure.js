// Shared by all moving figures. Comments stand on lines of their own: they are left out of pages.

// Makes every figure of this kind alive that is not yet; figure.py tells the contract.
const mount = (kind, draw) => {
  for (const root of document.querySelectorAll(`.lp-${kind}:not([data-ready])`)) {
    const data = JSON.parse(root.querySelector("script[type='application/json']").textContent);
    const live = element("div", { class: "lp-live" });
    (root.querySelector(".lp-still") ?? root.querySelector("style")).after(live);
    try {
      draw({ root, live, data });
    } catch (error) {
      live.remove();
      throw error;
    }
    // JupyterLab would take the arrow keys for moving between cells
    root.addEventListener("keydown", (event) => event.stopPropagation());
    root.dataset.ready = "";
  }
};

// element("b", { class: "x", onclick: f }, "text", other): text is never read as HTML.
const element = (tag, attributes = {}, ...children) =>
  dress(document.createElement(tag), attributes, children);
const svgElement = (tag, attributes = {}, ...children) =>
  dress(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
const dress = (node, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
};

// The still picture as live SVG. Its own <style> is dropped: it would reach the whole page.
const liveStill = (root) => {
  const image = root.querySelector(".lp-still img");
  const text = decodeURIComponent(image.src.slice(image.src.indexOf(",") + 1));
  const svg = document.importNode(
    new DOMParser().parseFromString(text, "image/svg+xml").documentElement, true);
  svg.querySelectorAll("style").forEach((style) => style.remove());
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", image.alt);
  return svg;
};

const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// A button: what is seen on it, what it is called, what it does.
const button = (face, name, press) =>
  element("button",
    { class: "lp-button", type: "button", "aria-label": name, title: name, onclick: press }, face);

// A native slider with its name before it and its value, in words, after it.
// say(value) gives the words; change(value) is called for each change by hand.
// Returns { node, input, set(value) }; set moves the handle without calling change.
const slider = (name, { min, max, step = 1, value, hidden = false }, say, change) => {
  const input = element("input", { type: "range", min, max, step });
  const shown = element("b", { "aria-hidden": "true" });
  const set = (next) => {
    input.value = next;
    shown.textContent = say(Number(input.value));
    input.setAttribute("aria-valuetext", shown.textContent);
  };
  input.addEventListener("input", () => {
    set(input.value);
    change(Number(input.value));
  });
  set(value);
  const title = element("span", hidden ? { class: "lp-unseen" } : {}, name);
  return { node: element("label", { class: "lp-slider" }, title, input, shown), input, set };
};

// The one line of a figure that announces its changes.
const statusLine = () => element("p", { class: "lp-status", role: "status" });
