// A dash and a fill for each set of points, as in training.py.
const SERIES_DASHES = ["none", "7 3", "2 3"];

mount("training", ({ root, live, data }) => {
  const count = data.epochs.length;
  const at = unpack(data.at, data.places, 4);
  const fits = data.fits.map((row) => unpack(row, data.places, data.decimals));
  const sets = data.names.map((name, i) => ({
    name, i,
    xs: unpack(data.points[i][0], data.counts[i], 4),
    ys: unpack(data.points[i][1], data.counts[i], 4),
    logs: unpack(data.losses[i], count, 5),
    lowest: data.lowest[i],
  }));
  const all = (pick) => sets.flatMap((set) => Array.from(pick(set)));
  const within = (values) => [Math.min(...values), Math.max(...values)];
  const [left, right] = within([...at, ...all((set) => set.xs)]);
  const ends = within([...fits[count - 1], ...all((set) => set.ys)]);
  const [low, high] = within(all((set) => set.logs));
  const loss = (set, t) => {
    const value = 10 ** set.logs[t];
    return value >= 1e-3 ? fixed(value, 4) : value.toExponential(1).replace("-", "−");
  };
  let now = count - 1;

  const powers = () => {
    const whole = ticks(low, high, 6).filter(Number.isInteger);
    const marks = whole.length > 1 ? whole : ticks(10 ** low, 10 ** high, 4).filter((m) => m > 0).map(Math.log10);
    return marks.map((mark) => [mark, plain(Number((10 ** mark).toPrecision(6)))]);
  };

  const fit = canvas("The data and the fit at this epoch", (svg, width) => {
    const area = plane(LEFT, 26, width - LEFT - RIGHT, width < 520 ? 200 : 250, [left, right], ends);
    const inside = clipped(area);
    svg.append(area.yAxis("target", ticks(...ends, 4)), area.xAxis("input", ticks(left, right, 6)), inside);
    for (const set of [...sets].reverse()) {
      inside.append(...Array.from(set.xs, (x, k) =>
        mark(`lp-point lp-point-${set.i + 1}`, area.x(x), area.y(set.ys[k]), set.i ? 3 : 4.5)));
    }
    inside.append(stroke("lp-fit", area.line(at, fits[now])));
    return area.bottom + 38;
  });

  const curves = canvas("The losses, epoch by epoch", (svg, width) => {
    const area = plane(LEFT, 26, width - LEFT - RIGHT, 130,
      [data.epochs[0], data.epochs[count - 1]], [low - 0.05, high + 0.05]);
    const inside = clipped(area);
    svg.append(
      svgElement("g", { class: "lp-axis" }, ...powers().flatMap(([mark, words]) => [
        stroke("lp-rule", `M${area.left} ${area.y(mark)}H${area.right}`),
        text(words, area.left - 7, area.y(mark) + 4, { "text-anchor": "end" }),
      ]), text("loss", area.left - 34, area.top - 9, { "text-anchor": "start", class: "lp-name" })),
      area.xAxis("epoch", ticks(data.epochs[0], data.epochs[count - 1], 5)), inside,
      stroke("lp-level", `M${area.x(data.epochs[now])} ${area.top}V${area.bottom}`));
    for (const set of sets) {
      inside.append(svgElement("path", { class: `lp-loss lp-loss-${set.i + 1}`,
        d: area.line(data.epochs, set.logs), "stroke-dasharray": SERIES_DASHES[set.i] }));
      svg.append(
        mark(`lp-least lp-point-${set.i + 1}`, area.x(data.epochs[set.lowest]), area.y(set.logs[set.lowest]), 3.5),
        mark(`lp-point lp-point-${set.i + 1}`, area.x(data.epochs[now]), area.y(set.logs[now]), 5));
    }
    const pick = (event) => {
      if (event.buttons !== 1) return;
      const epoch = area.xOf(event.clientX - curves.svg.getBoundingClientRect().left);
      const away = data.epochs.map((each) => Math.abs(each - epoch));
      time.goTo(away.indexOf(Math.min(...away)));
    };
    curves.svg.onpointerdown = pick;
    curves.svg.onpointermove = pick;
    return area.bottom + 38;
  });

  const sample = (set) => element("span", {},
    svgElement("svg", { class: "lp-plot", "aria-hidden": "true" }, mark(`lp-point lp-point-${set.i + 1}`, 6, 6, 4.5)),
    set.name);
  const said = statusLine();
  said.classList.add("lp-said");
  const time = timeline(count - 1, (t) => show(t), { name: "Epoch", say: (t) => String(data.epochs[t]) });
  const show = (t) => {
    now = t;
    said.replaceChildren(`After epoch ${data.epochs[t]}: `, ...sets.flatMap((set, i) => [
      i ? ", " : "", element("b", {}, `${set.name} ${loss(set, t)}`),
      set.logs[t] > set.logs[set.lowest]
        ? ` (lowest: ${loss(set, set.lowest)} after epoch ${data.epochs[set.lowest]})` : "",
    ]), ".");
    fit.redraw();
    curves.redraw();
  };
  live.append(time.node, said, fit.node, curves.node,
    element("p", { class: "lp-legend" }, ...sets.map(sample),
      element("span", {}, svgElement("svg", { class: "lp-plot", "aria-hidden": "true" }, stroke("lp-fit", "M0 6H12")), "the fit")));
  show(now);
});
