// Starts the borrower's pages.

import { render } from "preact";
import { App } from "./app";
import { elder, showElder } from "./elder";
import "./style.css";

showElder(elder.value);
const root = document.getElementById("app");
if (root) render(<App />, root);

// The pages are kept for times without a network once they stand: nothing competes with the first load for a weak signal.
if ("serviceWorker" in navigator && import.meta.env.PROD) {
  addEventListener("load", () => void navigator.serviceWorker.register("/sw.js").catch(() => undefined));
}
