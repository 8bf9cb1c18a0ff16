// Ask first: what stands below a question, to the end of its section, opens when the reader has
// chosen an answer, or asks for it. Without this script it is open, and on paper too.

const fold = (quiz) => {
  const cell = quiz.closest("div.cell");
  const below = [];
  let next = cell?.nextElementSibling;
  while (next && next.tagName !== "SECTION" && !next.querySelector(".lp-quiz")) {
    below.push(next);
    next = next.nextElementSibling;
  }
  if (!below.length) return;

  const answer = document.createElement("div");
  answer.className = "book-answer";
  // where the browser's search can open it, it stays in sight of that search
  answer.hidden = "onbeforematch" in document.body ? "until-found" : true;
  const button = document.createElement("button");
  button.className = "book-show";
  button.type = "button";
  button.textContent = "Show what happens";
  cell.after(button, answer);
  answer.append(...below);

  const open = () => {
    answer.hidden = false;
    button.remove();
  };
  button.addEventListener("click", () => {
    open();
    // the button is gone: whoever pressed it by keyboard goes on reading below
    answer.tabIndex = -1;
    answer.focus({ preventScroll: true });
  });
  quiz.addEventListener("lp-answered", open);
  answer.addEventListener("beforematch", open);
  const follow = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target || !answer.contains(target)) return;
    open();
    target.scrollIntoView();
  };
  addEventListener("hashchange", follow);
  follow();
};

document.querySelectorAll(".lp-quiz[data-ready]").forEach(fold);
