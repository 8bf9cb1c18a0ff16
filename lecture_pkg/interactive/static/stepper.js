// One backward pass to step through: the picture's classes and texts follow the slider.
mount("stepper", ({ root, live, data }) => {
  const svg = liveStill(root);
  svg.setAttribute("aria-label", data.graph);
  const find = (kind, key) => {
    const found = {};
    for (const part of svg.querySelectorAll(`.lp-${kind}`)) found[part.dataset[key]] = part;
    return found;
  };
  const nodes = find("node", "node");
  const edges = find("edge", "edge");
  const plates = find("plate", "edge");
  const parts = [nodes, edges, plates].flatMap((found) => Object.values(found));
  const kept = parts.map((part) => part.getAttribute("class"));
  const lists = [...root.querySelectorAll(".lp-print ol")].map((list) => list.cloneNode(true));
  let run = 0;
  let at = 0;
  let steps = data.runs[run].steps;

  const write = (texts, lines) =>
    texts.forEach((text, i) => { text.textContent = lines[i] ?? ""; });
  const mark = (found, ids, name) => ids.forEach((id) => found[id]?.classList.add(name));

  // What holds at a position follows from all positions up to it.
  const state = () => {
    let flowed = {};
    let ran = [];
    const leaves = {};
    steps.slice(0, at + 1).forEach((step, i) => {
      if (step.fresh) [flowed, ran] = [{}, []];
      Object.assign(flowed, step.leaving);
      if (step.now !== undefined) ran.push(step.now);
      for (const [leaf, [now, later]] of Object.entries(step.leaves ?? {}))
        leaves[leaf] = i === at ? now : later;
    });
    return { flowed, ran, leaves };
  };

  const paint = () => {
    const step = steps[at];
    const { flowed, ran, leaves } = state();
    parts.forEach((part, i) => part.setAttribute("class", kept[i]));
    for (const leaf of svg.querySelectorAll(".lp-leaf")) {
      const lines = leaves[leaf.dataset.node];
      leaf.classList.toggle("lp-none", !lines);
      write(leaf.querySelectorAll(".lp-sub"), lines ?? [".grad = None"]);
    }
    for (const [edge, lines] of Object.entries(flowed))
      write(plates[edge].querySelectorAll("text"), lines);
    for (const [node, count] of Object.entries(step.waiting ?? {}))
      write(nodes[node].querySelectorAll(".lp-wait text"), [count]);
    mark(nodes, ran, "lp-ran");
    mark(nodes, Object.keys(step.waiting ?? {}), "lp-waits");
    mark(nodes, Object.keys(step.leaves ?? {}), "lp-got");
    if (step.now !== undefined) mark(nodes, [step.now], "lp-now");
    for (const found of [edges, plates]) {
      mark(found, Object.keys(flowed), "lp-flowed");
      mark(found, step.arriving ?? [], "lp-in");
      mark(found, Object.keys(step.leaving ?? {}), "lp-out");
    }
    tell(lists[run]);
  };

  // A list longer than its box can be scrolled by keyboard as well.
  const reach = (list) => { list.tabIndex = list.scrollHeight > list.clientHeight ? 0 : -1; };

  const tell = (list) => {
    const items = [...list.children];
    items.forEach((item, i) => {
      item.className = i < at ? "lp-past" : i === at ? "lp-current" : "lp-future";
      item.ariaCurrent = i === at ? "step" : null;
    });
    back.disabled = first.disabled = at === 0;
    on.disabled = last.disabled = at === steps.length - 1;
    // a button that goes out of use would take the focus with it
    if (document.activeElement?.disabled) handle.input.focus();
  };

  // Brings the sentence into sight in its list, and what runs where the picture is larger than its
  // window. It measures, and so is not for a page that is still being read.
  const follow = () => {
    const list = lists[run];
    const { offsetTop, offsetHeight } = list.children[at];
    const bottom = offsetTop - list.offsetTop + offsetHeight + 12;
    list.scrollTop = Math.max(0, bottom - list.clientHeight);
    reach(list);
    const focus = nodes[steps[at].now];
    if (!focus) return;
    const box = focus.getBoundingClientRect();
    const frame = view.getBoundingClientRect();
    view.scrollBy({
      left: box.left + box.width / 2 - frame.left - frame.width / 2,
      top: box.top + box.height / 2 - frame.top - frame.height / 2,
      behavior: calm() ? "auto" : "smooth",
    });
  };

  // Each gradient travels along its edge from the operation to where it stays.
  const travel = () => {
    for (const edge of Object.keys(steps[at].leaving ?? {})) {
      const line = edges[edge].querySelector(".lp-line");
      const plate = plates[edge];
      const rest = plate.transform.baseVal[0].matrix;
      const length = line.getTotalLength();
      const trail = [];
      for (let gone = 0; gone <= 1; gone += 1 / 16) {
        const { x, y } = line.getPointAtLength((1 - gone) * length);
        if (y < rest.f) break;
        trail.push({ transform: `translate(${x}px, ${y}px)`, opacity: Math.min(1, 0.4 + gone * 2) });
      }
      trail.push({ transform: `translate(${rest.e}px, ${rest.f}px)`, opacity: 1 });
      plate.animate(trail, { duration: 550, easing: "ease-out" });
    }
  };

  const go = (next) => {
    const wanted = Math.max(0, Math.min(steps.length - 1, next));
    const onward = wanted === at + 1;
    at = wanted;
    handle.set(at);
    paint();
    status.textContent =
      `Step ${at} of ${steps.length - 1}: ${lists[run].children[at].textContent}`;
    follow();
    if (onward && !calm()) travel();
  };

  const handle = slider("Step", { min: 0, max: steps.length - 1, value: 0, hidden: true },
    (value) => `${value} of ${steps.length - 1}`, go);
  const first = button("Start", "To the start", () => go(0));
  const back = button("←", "One step back", () => go(at - 1));
  const on = button("→", "One step on", () => go(at + 1));
  on.classList.add("lp-main");
  const last = button("End", "To the end", () => go(steps.length - 1));
  const status = statusLine();
  status.classList.add("lp-unseen");
  const view = element("div",
    { class: "lp-view", tabindex: 0, role: "group", "aria-label": "Graph: arrow keys step" }, svg);
  const story = element("div", { class: "lp-story" }, lists[run]);

  const choose = (event) => {
    run = event.target.selectedIndex;
    steps = data.runs[run].steps;
    handle.input.max = steps.length - 1;
    story.replaceChildren(lists[run]);
    go(at);
  };
  const choices = data.runs.map(({ name }) => element("option", {}, name));
  const choice = data.runs.length > 1 &&
    element("label", { class: "lp-choice" }, "Choose v ",
      element("select", { class: "lp-select", onchange: choose }, ...choices));

  live.append(...(choice ? [choice] : []), view, story,
    element("div", { class: "lp-controls" }, first, back, handle.node, on, last), status);
  root.addEventListener("keydown", (event) => {
    if (event.target.matches("input, select") || event.altKey || event.ctrlKey || event.metaKey) return;
    const moves = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: steps.length - 1 };
    if (!(event.key in moves)) return;
    event.preventDefault();
    go(moves[event.key]);
  });

  // The sentences stand beside the picture where there is room, else the current one under it.
  const wide = Number(svg.getAttribute("width"));
  svg.style.minWidth = `${0.85 * wide}px`;
  new ResizeObserver(() => {
    live.classList.toggle("lp-beside", live.clientWidth >= wide + 280);
    reach(lists[run]);
  }).observe(live);
  paint();
});
