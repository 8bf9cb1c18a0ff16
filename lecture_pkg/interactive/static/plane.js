// Shared by the figures about descent: packed numbers, a plane with axes, one path, a timeline.

// One row of `length` numbers, as pack() of figure.py wrote it.
const unpack = (row, length, decimals) => {
  if (typeof row !== "string") return Float64Array.from(row);
  const numbers = new Float64Array(length);
  let at = 0, whole = 0;
  for (let i = 0; i < length; i++) {
    let letter, unsigned = 0, scale = 1;
    do {
      letter = row.charCodeAt(at++) - 63;
      unsigned += (letter & 31) * scale;
      scale *= 32;
    } while (letter >= 32);
    whole += unsigned % 2 ? -(unsigned + 1) / 2 : unsigned / 2;
    numbers[i] = whole / 10 ** decimals;
  }
  return numbers;
};

// Numbers as values.py writes them: from 1e8 on with an exponent.
const large = (value) => Math.abs(value) >= 1e8;
const fixed = (value, decimals) => (large(value)
  ? value.toExponential(4).replace(/\+(\d)$/, "+0$1") : value.toFixed(decimals)).replace("-", "−");
const plain = (value) =>
  (large(value) ? value.toExponential().replace("+", "") : String(value)).replace("-", "−");
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

// At most `most` + 1 round numbers from low to high.
const ticks = (low, high, most) => {
  if (high <= low) return [low];
  const raw = (high - low) / most;
  const unit = 10 ** Math.floor(Math.log10(raw));
  const step = unit * [1, 2, 5, 10].find((m) => unit * m >= raw * (1 - 1e-9));
  const marks = [];
  for (let k = Math.ceil(low / step - 1e-9); k <= high / step + 1e-9; k++) {
    marks.push(Number((k * step).toPrecision(12)));
  }
  return marks;
};

// A rectangle of pixels that shows a rectangle of numbers.
const plane = (left, top, width, height, [x0, x1], [y0, y1]) => {
  const right = left + width;
  const bottom = top + height;
  const x = (value) => clamp(left + (width * (value - x0)) / (x1 - x0), left - width, right + width);
  const y = (value) => clamp(top + (height * (y1 - value)) / (y1 - y0), top - height, bottom + height);
  const place = (px, py) => `${px.toFixed(1)} ${py.toFixed(1)}`;
  return {
    left, top, width, height, right, bottom, x, y,
    xOf: (px) => x0 + ((px - left) / width) * (x1 - x0),
    yOf: (py) => y1 - ((py - top) / height) * (y1 - y0),
    line: (xs, ys) => `M${Array.from(xs, (v, i) => place(x(v), y(ys[i]))).join("L")}`,
    // a stroke of no length with round ends is a dot
    dots: (xs, ys) => Array.from(xs, (v, i) => `M${place(x(v), y(ys[i]))}h0`).join(""),
    xAxis: (name, marks) => svgElement("g", { class: "lp-axis" },
      svgElement("path", { d: `M${left} ${bottom}H${right}` }),
      ...marks.flatMap((mark) => [
        svgElement("path", { d: `M${x(mark)} ${bottom}v4` }),
        text(plain(mark), x(mark), bottom + 17),
      ]),
      text(name, right, bottom + 32, { "text-anchor": "end", class: "lp-name" })),
    yAxis: (name, marks) => svgElement("g", { class: "lp-axis" },
      ...marks.flatMap((mark) => [
        svgElement("path", { d: `M${left} ${y(mark)}H${right}`, class: "lp-rule" }),
        text(plain(mark), left - 7, y(mark) + 4, { "text-anchor": "end" }),
      ]),
      text(name, left - 34, top - 9, { "text-anchor": "start", class: "lp-name" })),
  };
};

const text = (words, x, y, attributes = {}) =>
  svgElement("text", { x: x.toFixed(1), y: y.toFixed(1), "text-anchor": "middle", ...attributes },
    words);
const stroke = (kind, d) => svgElement("path", { class: kind, d });
const mark = (kind, x, y, r) => svgElement("circle", { class: kind, cx: x, cy: y, r });

// Labels of which none covers another: one that would is moved down.
const labels = (kind, entries) => {
  const placed = [];
  return entries.map(([words, x, y]) => {
    const half = words.length * 3.5 + 2;
    while (placed.some((p) => Math.abs(p.x - x) < p.half + half && Math.abs(p.y - y) < 13)) y += 13;
    placed.push({ x, y, half });
    return text(words, x, y, { class: kind });
  });
};

// A picture that is drawn anew, by draw(svg, width), on request and when its width changes.
const canvas = (name, draw) => {
  const svg = svgElement("svg", { class: "lp-plot", role: "img", "aria-label": name });
  const node = element("div", { class: "lp-canvas" }, svg);
  let width = 0;
  const redraw = () => {
    width = Math.max(280, node.clientWidth);
    svg.replaceChildren();
    const height = draw(svg, width);
    for (const [key, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}` })) {
      svg.setAttribute(key, value);
    }
  };
  new ResizeObserver(() => node.clientWidth && node.clientWidth !== width && redraw()).observe(node);
  return { node, svg, redraw };
};

const LEFT = 44;
const RIGHT = 14;

// The minima on the curve: filled where a step of this size can rest.
const minima = (area, land, step) => land.minima.map((m) =>
  mark(m.limit === null || m.limit > step ? "lp-holds" : "lp-fails",
    area.x(m.theta), area.y(m.value), 4.5));

// More than a dozen names or lines would only hide the curve.
const few = (places) => (places.length > 12 ? [] : places);

// Their limits, under them.
const limits = (area, land) => labels("lp-limit", few(land.minima).map(
  (m) => [m.name, clamp(area.x(m.theta), area.left + 8, area.right - 8), area.y(m.value) + 19]));

// The objective with one path on it, and under it the same path in time.
// The path: { thetas, values, slopes (or none), last, t, step }. pick(t) is called for a click.
const pathView = (name, land, iterations, pick) => {
  const ground = unpack(land.curve, land.points, 0).map((units) => land.bottom + units * land.unit);
  const across = ground.map((_, i) => land.low + ((land.high - land.low) * i) / (land.points - 1));
  const { bottom: lowest, top: highest } = land;
  const turns = Array.from({ length: iterations + 1 }, (_, i) => i);
  let path, below, curve;
  const view = canvas(name, (svg, width) => {
    const narrow = width < 520;
    const high = narrow ? 200 : 260;
    const room = (highest - lowest || 1) * (narrow ? 0.22 : 0.16);
    const box = [LEFT, width - LEFT - RIGHT];
    const range = [land.low, land.high];
    const above = plane(box[0], 24, box[1], high, range, [lowest - room, highest + room / 2]);
    below = plane(box[0], above.bottom + 22, box[1], narrow ? 110 : 160, range, [iterations, 0]);
    if (curve?.width !== width) {
      curve = Object.assign(stroke("lp-curve", above.line(across, ground)), { width });
    }
    const { thetas, values, t, last } = path;
    const seen = thetas.subarray(0, t + 1);
    const heights = values.subarray(0, t + 1);
    const recent = Math.max(0, t - 8);
    const upper = clipped(above);
    const lower = clipped(below);
    svg.append(
      ...land.minima.map((m) => stroke("lp-rule", `M${above.x(m.theta)} ${above.top}V${below.bottom}`)),
      ...few(land.ridges).map((ridge) =>
        stroke("lp-ridge", `M${above.x(ridge)} ${above.top}V${below.bottom}`)),
      above.yAxis("value", ticks(lowest, highest, 4)),
      below.yAxis("iteration", ticks(0, iterations, 2)),
      below.xAxis("θ", ticks(land.low, land.high, narrow ? 5 : 10)));
    upper.append(
      curve,
      stroke("lp-chords", above.line(seen, heights)),
      stroke("lp-chords", above.line(seen.subarray(recent), heights.subarray(recent))),
      stroke("lp-dots", above.dots(seen, heights)));
    if (path.slopes) tangent(upper, above, path);
    lower.append(
      stroke("lp-ahead", below.line(thetas.subarray(0, last + 1), turns)),
      stroke("lp-behind", below.line(seen, turns)),
      stroke("lp-level", `M${below.left} ${below.y(t)}H${below.right}`));
    svg.append(
      upper, lower,
      ...minima(above, land, path.step), ...limits(above, land),
      mark("lp-start", above.x(thetas[0]), above.y(values[0]), 5),
      here(above, thetas[t], values[t], 6.5), here(below, thetas[t], t, 4.5));
    return below.bottom + 38;
  });
  const choose = (event) => {
    const y = event.clientY - view.svg.getBoundingClientRect().top;
    if (event.buttons === 1 && y > below.top - 8) pick(Math.round(clamp(below.yOf(y), 0, path.last)));
  };
  view.svg.addEventListener("pointerdown", choose);
  view.svg.addEventListener("pointermove", choose);
  return {
    node: view.node,
    // the height of the curve at a theta, for points that come without
    height: (theta) => {
      const place = ((theta - land.low) / (land.high - land.low)) * (land.points - 1);
      const i = clamp(Math.floor(place), 0, land.points - 2);
      return ground[i] + (place - i) * (ground[i + 1] - ground[i]);
    },
    show: (next) => {
      path = next;
      view.redraw();
    },
  };
};

// A part of the picture that shows nothing outside its plane.
const clipped = ({ left, top, width, height }) => svgElement("svg", {
  x: left, y: top, width, height, viewBox: `${left} ${top} ${width} ${height}` });

// The current point; hollow at the edge if it lies outside the plane.
const here = (area, x, y, r) => {
  const px = clamp(area.x(x), area.left, area.right);
  const py = clamp(area.y(y), area.top, area.bottom);
  return mark(px === area.x(x) && py === area.y(y) ? "lp-now" : "lp-now lp-outside", px, py, r);
};

// The tangent at the current point, and the step that it leads to.
const tangent = (svg, area, { thetas, values, slopes, t, last }) => {
  const x = area.x(thetas[t]);
  const y = area.y(values[t]);
  const unit = area.x(1) - area.x(0);
  const rise = (slopes[t] * (area.y(1) - area.y(0))) / unit;
  const reach = 46 / Math.hypot(1, rise);
  svg.append(stroke("lp-tangent", `M${x - reach} ${y - reach * rise}L${x + reach} ${y + reach * rise}`));
  if (t === last) return;
  const next = area.x(thetas[t + 1]);
  svg.append(stroke("lp-stride", `M${x} ${y}H${next}V${area.y(values[t + 1])}`));
};

// What the marks of pathView mean.
const pathLegend = (now) => {
  const key = (drawn, words) => element("span", {},
    svgElement("svg", { class: "lp-plot", "aria-hidden": "true" }, drawn), words);
  const sample = (kind, words) => key(mark(kind, 6, 6, 4.5), words);
  return element("p", { class: "lp-legend" },
    sample("lp-start", "start"), sample("lp-now", now),
    sample("lp-holds", "minimum that can hold this step"), sample("lp-fails", "minimum that cannot"),
    element("span", {}, "number under it: 2/f″, the largest step it can hold"),
    key(stroke("lp-ridge", "M6 -1V13"), "ridge, where a valley ends"));
};

// Numbers with their names: { name: node }. The book's theme indents every <dl> that has a class.
const readout = (entries) => element("div", { class: "lp-readout" }, element("dl", {},
  ...Object.entries(entries).map(([name, node]) => element("div", {}, element("dt", {}, name), node))));

// A button that plays and a slider that scrubs; show(t) is called for every change.
const timeline = (iterations, show, { name = "Iteration", say = String } = {}) => {
  let last = iterations;
  let playing = 0;
  const stop = () => {
    cancelAnimationFrame(playing);
    playing = 0;
    face(false);
  };
  const go = (t) => {
    bar.set(t);
    show(t);
  };
  const bar = slider(name, { min: 0, max: iterations, value: iterations }, say, (t) => {
    stop();
    show(t);
  });
  const play = button("", "Play", () => {
    if (playing) return stop();
    const from = Number(bar.input.value) < last ? Number(bar.input.value) : 0;
    if (calm()) return go(last);
    const pace = clamp(9000 / iterations, 20, 300);
    const began = performance.now();
    const frame = (time) => {
      const t = Math.min(last, from + Math.max(0, Math.floor((time - began) / pace)));
      if (t !== Number(bar.input.value)) go(t);
      if (t === last) return stop();
      playing = requestAnimationFrame(frame);
    };
    playing = requestAnimationFrame(frame);
    face(true);
  });
  const face = (running) => {
    play.textContent = running ? "❚❚" : "▶";
    play.setAttribute("aria-label", running ? "Pause" : "Play");
    play.title = running ? "Pause" : "Play";
  };
  face(false);
  return {
    node: element("div", { class: "lp-controls" }, play, bar.node),
    bar,
    stop,
    // Another path, which can be followed for `length` iterations; one that was at its end stays there.
    fit: (length) => {
      const ended = Number(bar.input.value) >= last;
      last = length;
      bar.input.max = length;
      bar.set(ended ? length : Math.min(Number(bar.input.value), length));
      return Number(bar.input.value);
    },
    goTo: (t) => {
      stop();
      go(t);
    },
  };
};
