// start.js: runs before anything else can fail, so it is no module: takes the token out of the address, and says so when the rest does not come.

(() => {
	const TOKEN = "unbook.token", OFFERED = "unbook.offered", BACK_TO = "unbook.backTo"; // auth.js reads the first two and writes the last

	/** The page from which signing in was asked for, when the sign-in led to the front page; ours only. */
	function wayBack() {
		const kept = sessionStorage.getItem(BACK_TO);
		sessionStorage.removeItem(BACK_TO);
		if (!kept || location.pathname !== "/") return null;
		const url = new URL(kept, location.origin);
		return url.origin === location.origin ? url.pathname + url.search : null;
	}

	const decode = (part) => JSON.parse(atob(part.replaceAll("-", "+").replaceAll("_", "/")));

	/** Does it claim to be signed? Whether it rightly does, the server says. */
	function isSigned(token) {
		const [header, , signature, ...more] = token.split(".");
		try {
			return Boolean(signature) && !more.length && String(decode(header).alg ?? "none").toLowerCase() !== "none";
		} catch {
			return false;
		}
	}

	/** Whose token this is, as auth.js reads it (null when it says so of nobody), and when its time is over, in ms. */
	function read(token) {
		try {
			const claims = decode(token.split(".")[1]);
			const id = ["sub", "nameid", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier"].find((name) => name in claims);
			return { owner: String(claims[id] ?? "") || null, ends: Number(claims.exp ?? Infinity) * 1000 };
		} catch {
			return { owner: null, ends: Infinity };
		}
	}

	/** Sign in; but whoever is signed in already is first asked whether somebody else shall be (app.js), and stays when it is nobody or too late. Of the same person, only what is better counts. */
	function take(token) {
		const kept = sessionStorage.getItem(TOKEN), before = read(kept), after = read(token), isLive = before.ends > Date.now();
		if (before.owner && isLive && after.ends <= Date.now()) return;
		if (before.owner && before.owner !== after.owner) return after.owner && sessionStorage.setItem(OFFERED, token);
		const isGood = before.owner && isLive && isSigned(kept);
		if (!isGood || (isSigned(token) && after.ends > before.ends)) sessionStorage.setItem(TOKEN, token);
		const back = wayBack();
		if (back) history.replaceState(history.state, "", back);
	}

	/** Take "#token=..." out of the address, so that it is neither seen, kept in the history nor sent on. True: there was one that says something. */
	function takeToken() {
		const fragment = new URLSearchParams(location.hash.slice(1));
		const token = fragment.get("token");
		if (token === null) return false;
		fragment.delete("token");
		const rest = fragment.toString();
		history.replaceState(history.state, "", location.pathname + location.search + (rest ? `#${rest}` : ""));
		if (!token) return false;
		sessionStorage.removeItem(OFFERED);
		take(token);
		return true;
	}

	/** A module that did not come, or storage that is forbidden; the page's first drawing takes this state away. */
	function sorry() {
		const state = document.getElementById("sorry");
		if (!state) return;
		const spoken = navigator.languages.map((tag) => state.querySelector(`[lang="${tag.slice(0, 2)}"]`)).find(Boolean);
		for (const one of state.children) one.hidden = one !== (spoken ?? state.firstElementChild);
		state.hidden = false;
	}

	addEventListener("error", (event) => event.target.localName !== "link" && sorry(), true);
	addEventListener("hashchange", () => takeToken() && location.reload());
	try {
		takeToken();
	} catch {
		/* Without storage nobody can be signed in here: the modules meet the same, and sorry() says it. */
	}
})();
