// Finds what the index holds, on every page and without a server. The index is the script beside this one.
(function () {
  "use strict";

  const SHOWN = 40;
  const form = document.getElementById("search");
  const input = document.getElementById("words");
  const results = document.getElementById("results");
  const found = document.getElementById("found");
  const hits = document.getElementById("hits");
  const root = form.dataset.root;

  // Letters without their marks, so that "slucaj" finds "slučaj"; a mark of its own is no letter.
  function folded(text) {
    return text.toLowerCase().replaceAll("đ", "d").normalize("NFD").replace(/\p{Mn}/gu, "").replace(/[_\-]+/g, " ");
  }

  const entries = (window.interfocalIndex || []).map(function (row) {
    const [kind, title, text, url, names] = row;
    const said = folded([title, text, kind].join(" "));
    return { kind, title, text, url, names, said, name: folded(title), all: folded([said, ...names].join(" ")) };
  });

  // Better the whole name than its beginning, its beginning than a part of it, a name than the text around it.
  function rank(entry, asked, whole) {
    if (entry.name === whole) { return 0; }
    if (entry.name.startsWith(whole)) { return 1; }
    if (asked.every(function (word) { return entry.name.includes(word); })) { return 2; }
    return 3;
  }

  function search(whole, asked) {
    return entries
      .filter(function (entry) { return asked.every(function (word) { return entry.all.includes(word); }); })
      .map(function (entry, place) { return { entry, place, rank: rank(entry, asked, whole) }; })
      .sort(function (one, other) { return one.rank - other.rank || one.place - other.place; })
      .map(function (ranked) { return ranked.entry; });
  }

  // The name in another language by which an entry was found, where the entry shows nothing that was asked for.
  function otherName(entry, asked) {
    if (asked.every(function (word) { return entry.said.includes(word); })) { return ""; }
    const named = entry.names.find(function (name) { return folded(name).includes(asked[0]); });
    return named ? " – " + named : "";
  }

  function shown(entry, asked) {
    const item = document.createElement("li");
    const what = document.createElement("span");
    const link = document.createElement("a");
    what.className = "what";
    what.textContent = entry.kind;
    link.href = root + entry.url;
    link.textContent = entry.title;
    item.append(what, " ", link, " ", entry.text, otherName(entry, asked));
    return item;
  }

  function show() {
    const whole = folded(input.value).trim();
    const asked = whole.split(/\s+/).filter(Boolean);
    results.hidden = !asked.length;
    if (!asked.length) { return; }
    const matching = search(whole, asked);
    const more = matching.length > SHOWN ? ", the first " + SHOWN + " are shown" : "";
    found.textContent = matching.length ? matching.length + " found" + more : "Nothing is called that.";
    hits.replaceChildren(...matching.slice(0, SHOWN).map(function (entry) { return shown(entry, asked); }));
  }

  function close() {
    input.value = "";
    show();
  }

  input.addEventListener("input", show);
  input.addEventListener("keydown", function (event) { if (event.key === "Escape") { close(); } });
  hits.addEventListener("click", function (event) { if (event.target.closest("a")) { close(); } });
  form.addEventListener("submit", function (event) {
    event.preventDefault();
    const first = hits.querySelector("a");
    if (first) { first.focus(); }
  });
  form.hidden = false;
  document.getElementById("no-search").hidden = true;
  show();
})();
