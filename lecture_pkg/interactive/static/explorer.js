mount("explorer", ({ live, data }) => {
  const length = data.iterations + 1;
  const thetas = unpack(data.thetas, length, data.decimals);
  const values = unpack(data.values, length, data.valueDecimals);
  const slopes = unpack(data.slopes, length, data.valueDecimals);
  let [step, start] = data.chosen;
  const row = () => step * data.starts.length + start;
  const theta = (value) => fixed(value, data.decimals);
  const number = (value) => fixed(value, data.valueDecimals);

  const pace = slider("Step size", { min: 0, max: data.steps.length - 1, value: step },
    (i) => plain(data.steps[i]), (i) => { step = i; another(); });
  const origin = slider("Start", { min: 0, max: data.starts.length - 1, value: start },
    (i) => plain(data.starts[i]), (i) => { start = i; another(); });
  const time = timeline(data.iterations, (t) => show(t));
  const view = pathView("The objective and the path on it; its numbers follow below", data,
    data.iterations, (t) => time.goTo(t));
  const shown = { θ: element("dd", { class: "lp-theta" }), value: element("dd"),
    slope: element("dd", { class: "lp-slope" }), "next θ = θ − step size × slope": element("dd") };
  const [atNode, valueNode, slopeNode, nextNode] = Object.values(shown);
  const said = statusLine();
  said.classList.add("lp-said");

  const show = (t) => {
    const i = row();
    const at = theta(thetas[i][t]);
    const value = number(values[i][t]);
    const slope = number(slopes[i][t]);
    atNode.textContent = at;
    valueNode.textContent = value;
    slopeNode.textContent = slope;
    nextNode.replaceChildren(...(t < data.last[i] ? [
      element("span", { class: "lp-theta" }, at),
      ` − ${plain(data.steps[step])} × `,
      element("span", { class: "lp-slope" }, slopes[i][t] < 0 ? `(${slope})` : slope),
      ` = ${theta(thetas[i][t + 1])}`] : ["–"]));
    time.bar.input.setAttribute("aria-valuetext", `${t}: θ ${at}, value ${value}, slope ${slope}`);
    view.show({ thetas: thetas[i], values: values[i], slopes: slopes[i], last: data.last[i], t,
      step: data.steps[step] });
  };
  const another = () => {
    time.stop();
    said.textContent = data.sentences[data.said[row()]];
    show(time.fit(data.last[row()]));
  };
  live.append(
    element("div", { class: "lp-controls" }, pace.node, origin.node),
    said, view.node, time.node, readout(shown), pathLegend("now, with tangent and next step"));
  another();
});
