"use strict";
// Puts what the server sends in the place of what has changed, so that focus, selection and scrolling stay as they are.
(() => {
	const live = document.getElementById("live");
	let latest = null;
	let lost = 0;

	// A row must not move away under somebody who is about to press its switch.
	const busy = () => document.querySelector("form.switch:hover, form.switch :focus") !== null;

	function same(a, b) {
		return a.nodeName === b.nodeName && (a.id || "") === (b.id || "");
	}

	function morph(from, to) {
		for (const { name } of [...from.attributes]) {
			if (!to.hasAttribute(name)) from.removeAttribute(name);
		}
		for (const { name, value } of to.attributes) {
			if (from.getAttribute(name) !== value) from.setAttribute(name, value);
		}
		const known = new Map();
		for (const child of from.children) {
			if (child.id) known.set(child.id, child);
		}
		let old = from.firstChild;
		for (const fresh of [...to.childNodes]) {
			const match = fresh.id ? known.get(fresh.id) : old;
			if (!match || !same(match, fresh)) {
				from.insertBefore(fresh, old);
				continue;
			}
			if (match === old) old = old.nextSibling;
			else from.insertBefore(match, old);
			if (match.nodeType === Node.ELEMENT_NODE) morph(match, fresh);
			else if (match.nodeValue !== fresh.nodeValue) match.nodeValue = fresh.nodeValue;
		}
		while (old) {
			const next = old.nextSibling;
			old.remove();
			old = next;
		}
	}

	function show() {
		if (latest === null) return;
		if (busy()) {
			live.textContent = "Paused while you are at a switch.";
			return;
		}
		const template = document.createElement("template");
		template.innerHTML = latest;
		latest = null;
		morph(document.querySelector("main"), template.content.firstElementChild);
		live.textContent = "Live. Last change " + new Date().toISOString().slice(11, 19) + " UTC.";
	}

	const source = new EventSource("events" + location.search);
	source.onopen = () => {
		clearTimeout(lost);
		live.textContent = "Live.";
	};
	source.onmessage = (event) => {
		latest = JSON.parse(event.data);
		show();
	};
	source.onerror = () => {
		clearTimeout(lost);
		if (source.readyState === EventSource.CLOSED) {
			live.textContent = "Not live. Reload for newer figures.";
			return;
		}
		lost = setTimeout(() => { live.textContent = "Not live: the server can’t be reached. Trying again."; }, 3000);
	};
	for (const type of ["focusout", "pointerout"]) {
		document.addEventListener(type, () => setTimeout(show));
	}
})();
