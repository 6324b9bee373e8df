// What only the browser can do for a flow: line numbers, indenting, the caret, unsaved text.
// It comes with the page's part that is swapped, so it may be run again: once is enough.
"use strict";
if (!window.stripeFlow) {
  window.stripeFlow = true;
  const at = (id) => document.getElementById(id);
  const tell = (text) => { const said = at("said"); if (said) said.textContent = text; };
  const KEY = /\b(?:[srp]k|whsec)_/;
  const STEP = "  ";
  const COMMANDS = { s: 'button[value="save"]', Enter: "#flow-start button.run" };  // with Ctrl
  let lastBox = null;
  let leaving = false;
  let stopped = false;

  // --- line numbers, and marks at the lines with mistakes ------------------------------------------
  const numbers = (text) => (text ?? "").split(" ").filter(Boolean).map(Number);
  const paint = () => {
    const text = at("text"), gutter = at("gutter");
    if (!text || !gutter) return;
    const found = document.querySelector("#mistakes .found");
    const wrong = new Set(numbers(found?.dataset.wrong));
    const warned = new Set(numbers(found?.dataset.warned));
    const kind = (line) => wrong.has(line) ? "wrong" : warned.has(line) ? "warned" : "";
    const count = text.value.split("\n").length;
    const lines = Array.from({ length: count }, (_, index) => {
      const span = document.createElement("span");
      span.textContent = index + 1;
      span.className = kind(index + 1);
      return span;
    });
    gutter.replaceChildren(...lines.flatMap((span) => [span, "\n"]));
    gutter.scrollTop = text.scrollTop;
    if (found) text.setAttribute("aria-invalid", String(wrong.size > 0));
  };

  // --- the caret, and what is put there ------------------------------------------------------------
  const offset = (text, line) => text.value.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
  const goTo = (line) => {
    const text = at("text");
    const from = offset(text, line);
    const until = text.value.indexOf("\n", from);
    text.focus();
    text.setSelectionRange(from, until < 0 ? text.value.length : until);
    const height = parseFloat(getComputedStyle(text).lineHeight);
    text.scrollTop = Math.max(0, (line - 4) * height);
    text.scrollIntoView({ block: "nearest" });
  };
  const put = (box, words) => {
    box.focus();
    // The only way that leaves the browser's own undoing as it is.
    if (!document.execCommand("insertText", false, words)) {
      box.setRangeText(words, box.selectionStart, box.selectionEnd, "end");
      box.dispatchEvent(new Event("input", { bubbles: true }));
    }
  };
  const insert = (words) => {
    const box = lastBox?.isConnected ? lastBox : at("text");
    if (box.id !== "text") box.select();
    put(box, words);
    tell(`Put in: ${words}`);
  };

  // --- Tab, Shift-Tab, Enter; Escape makes the next Tab leave --------------------------------------
  const wholeLines = (text) => {
    const from = text.value.lastIndexOf("\n", text.selectionStart - 1) + 1;
    const end = text.value.indexOf("\n", text.selectionEnd);
    return [from, end < 0 ? text.value.length : end];
  };
  const shift = (text, back) => {
    const [from, until] = wholeLines(text);
    const before = text.value.slice(from, until);
    const after = back ? before.replace(/^ {1,2}/gm, "") : before.replace(/^(?=.)/gm, STEP);
    if (after === before) return;
    const { selectionStart, selectionEnd } = text;
    const single = selectionStart === selectionEnd;
    text.setSelectionRange(from, until);
    put(text, after);
    const moved = selectionStart + after.length - before.length;
    if (single) text.setSelectionRange(Math.max(from, moved), Math.max(from, moved));
    else text.setSelectionRange(from, from + after.length);
  };
  const newLine = (text) => {
    const [from] = wholeLines(text);
    const before = text.value.slice(from, text.selectionStart);
    const margin = before.match(/^ */)[0] + (/^\s*- /.test(before) ? STEP : "");
    put(text, `\n${margin}${/:\s*$/.test(before) ? STEP : ""}`);
  };
  document.addEventListener("keydown", (event) => {
    const { target, key } = event;
    const command = event.ctrlKey || event.metaKey ? COMMANDS[key] : undefined;
    const button = command && document.querySelector(`#flow ${command}`);
    if (button) { event.preventDefault(); button.click(); return; }
    if (target.id !== "text" || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (key === "Escape") { leaving = true; tell("Tab leaves the text now."); return; }
    if (key === "Tab" && !leaving) {
      event.preventDefault();
      if (event.shiftKey || target.selectionStart !== target.selectionEnd) shift(target, event.shiftKey);
      else put(target, STEP);
    }
    if (key === "Enter" && !event.shiftKey) { event.preventDefault(); newLine(target); }
    if (key !== "Tab" && key !== "Shift") leaving = false;
  });

  // --- text that was not saved, in this browser: some of each flow, the newest first -----------------
  const MOST = 5;
  let mine = null;  // the flow whose newest draft is the text on the page
  const nameOf = (text) => text.dataset.name;
  const drafts = (name) => JSON.parse(localStorage.getItem(`drafts:${name}`) ?? "[]");
  const store = (name, found) => {
    if (found.length) localStorage.setItem(`drafts:${name}`, JSON.stringify(found.slice(0, MOST)));
    else localStorage.removeItem(`drafts:${name}`);
  };
  const earlier = (text) => {
    const found = drafts(nameOf(text));
    return (mine === nameOf(text) ? found.slice(1) : found).filter((draft) => draft !== text.value);
  };
  const keep = (text) => {
    const before = earlier(text);
    const isKept = text.value.trim() && !KEY.test(text.value);
    try {
      store(nameOf(text), isKept ? [text.value, ...before] : before);
      mine = isKept ? nameOf(text) : null;
    } catch { tell("This browser has no room to keep the text: save it."); }
  };
  const saved = (text) => {
    if (mine) store(mine, drafts(mine).slice(1));
    mine = null;
    propose(text);
  };
  const propose = (text) => {
    const [kept] = earlier(text);
    const [asked] = document.querySelectorAll(".unsaved");
    asked.hidden = kept === undefined;
    if (kept) asked.querySelector("q").textContent = kept.trim().split("\n").slice(0, 3).join(" ").slice(0, 80);
  };
  const offer = (text) => {
    mine = null;
    const [kept] = drafts(nameOf(text));
    if (kept && text.dataset.draft === "return") {
      text.value = kept;
      mine = nameOf(text);
      document.querySelector(".unsaved.left").hidden = false;
      judge(text);
      tell("The text that was not saved is here again.");
    }
    propose(text);
  };
  // What is put there before the page is wired is no change to htmx.
  const judge = (text) => {
    const ask = () => { htmx.process(text); htmx.trigger(text, "judge"); };
    if (window.htmx) ask();
    else document.addEventListener("htmx:load", ask, { once: true });
  };
  const again = (text) => { keep(text); propose(text); };
  const DRAFT = { return: offer, offer, keep: again, saved };
  const write = (text, words) => {
    mine = null;
    text.focus();
    text.select();
    put(text, words);
  };
  const decide = (what) => {
    const text = at("text");
    const [kept] = earlier(text);
    if (what === "empty") write(text, "");
    else store(nameOf(text), drafts(nameOf(text)).filter((draft) => draft !== kept));
    if (what === "take") write(text, kept);
    document.querySelector(".unsaved.left").hidden = true;
    propose(text);
    text.focus();
  };

  const download = () => {
    const file = new Blob([at("text").value], { type: "application/yaml" });
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(file), download: at("name").value || "flow.yaml" });
    link.click();
    URL.revokeObjectURL(link.href);
    tell("Downloaded");
  };

  // --- what is listened to -------------------------------------------------------------------------
  document.addEventListener("input", ({ target }) => {
    if (target.id !== "text") return;
    paint();
    keep(target);
  });
  document.addEventListener("scroll", ({ target }) => {
    if (target.id === "text") at("gutter").scrollTop = target.scrollTop;
  }, true);
  document.addEventListener("focusin", ({ target }) => {
    if (target.id === "text") { leaving = false; lastBox = target; }
    else if (/^step(-options)?:/.test(target.name) && target.tagName !== "SELECT") lastBox = target;
  });
  document.addEventListener("click", (event) => {
    if (event.target.id === "stop") stopped = true;
    const line = event.target.closest("[data-line]");
    if (line) { event.preventDefault(); goTo(Number(line.dataset.line)); }
    const words = event.target.closest("[data-insert]");
    if (words) insert(words.dataset.insert);
    const draft = event.target.closest("[data-draft]:not(textarea)");
    if (draft) decide(draft.dataset.draft);
    if (event.target.closest("[data-download]")) { event.preventDefault(); download(); }
  }, true);

  // --- whenever a page, or a part of it, is there --------------------------------------------------
  let summary = "";
  let verdict = "";
  const news = (selector, before) => {
    const now = document.querySelector(selector)?.textContent ?? "";
    if (now && now !== before) tell(now);
    return now;
  };
  const listen = () => { summary = news("#progress .sum", summary); };
  const judged = () => { verdict = news("#mistakes .count, #mistakes .fine", verdict); };
  const arrived = () => {
    const text = at("text");
    if (!text) return;
    DRAFT[text.dataset.draft]?.(text);
    if (text.dataset.goto) goTo(Number(text.dataset.goto));
    paint();
    listen();
  };
  window.stripeFlowArrived = arrived;
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    const id = detail.target?.id ?? detail.elt?.id;
    if (id === "mistakes") { paint(); judged(); }
    if (id === "progress") {
      listen();
      if (stopped && !at("stop")) { at("run-summary")?.focus(); stopped = false; }
    }
  });
}
window.stripeFlowArrived();
