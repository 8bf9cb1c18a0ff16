// On the search page: if what was looked for reads like an error message that the book explains,
// its section stands first. The messages are in the page; nothing is fetched.

const wordsOf = (text) => new Set(text.toLowerCase().match(/[a-z_]{2,}/g) ?? []);

// How much two sets of words share: 1 if they are the same. A piece of at least four words that
// lies wholly within a message counts as the message.
const likeness = (query, message) => {
  const shared = [...query].filter((word) => message.has(word)).length;
  const whole = (2 * shared) / (query.size + message.size);
  return query.size < 4 ? whole : Math.max(whole, 0.9 * (shared / query.size));
};

const query = wordsOf(new URLSearchParams(location.search).get("q") ?? "");
const found = JSON.parse(document.getElementById("book-messages").textContent)
  .map(({ title, address, texts }) => ({
    title, address, score: Math.max(...texts.map((text) => likeness(query, wordsOf(text)))),
  }))
  .sort((a, b) => b.score - a.score)[0];

if (found && query.size && found.score >= 0.7) {
  const link = document.createElement("a");
  link.href = found.address;
  link.textContent = found.title;
  const line = document.createElement("p");
  line.className = "book-found";
  line.append("This error message has a section of its own: ", link);
  document.getElementById("search-results").before(line);
}
