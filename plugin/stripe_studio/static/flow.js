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

  // --- text that was not saved, in this browser ----------------------------------------------------
  // A new flow begins with the text that was left last, whatever that was going to be called.
  const LAST = "flow-last";
  const named = (text) => text.dataset.file || localStorage.getItem(LAST) || "";
  const place = (text) => `flow:${named(text)}`;
  const forget = (text) => localStorage.removeItem(place(text));
  const keep = (text) => {
    if (KEY.test(text.value)) return forget(text);
    try {
      localStorage.setItem(LAST, text.dataset.file);
      localStorage.setItem(place(text), text.value);
    } catch { tell("This browser has no room to keep the text: save it."); }
  };
  const offer = (text) => {
    const kept = localStorage.getItem(place(text));
    const [asked, left] = document.querySelectorAll(".unsaved");
    if (kept && !text.value.trim()) {
      text.value = kept;
      text.dispatchEvent(new Event("input", { bubbles: true }));
      if (left) left.hidden = false;
      tell("The text that was not saved is here again.");
    }
    if (asked) asked.hidden = kept === null || kept === text.value;
  };
  const DRAFT = { offer, keep, saved: forget };
  const decide = (what) => {
    const text = at("text");
    const kept = localStorage.getItem(place(text));
    const words = { take: kept, empty: "" }[what] ?? null;
    if (words !== null) {
      text.focus();
      text.select();
      put(text, words);
    }
    if (what !== "take") forget(text);
    for (const asked of document.querySelectorAll(".unsaved")) asked.hidden = true;
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
