// Large type, fewer choices, every screen read aloud on request. The choice is kept on the phone; it tells nothing of who one is.

import { Watched } from "../../shared/watched";

const KEY = "tianxin.elder";

function chosen(): boolean {
  try {
    return localStorage.getItem(KEY) === "yes";
  } catch {
    return false;
  }
}

export const elder = new Watched(chosen());

export function showElder(isOn: boolean): void {
  document.documentElement.classList.toggle("elder", isOn);
}

export function chooseElder(isOn: boolean): void {
  try {
    if (isOn) localStorage.setItem(KEY, "yes");
    else localStorage.removeItem(KEY);
  } catch {
    // Then it is chosen again next time.
  }
  elder.set(isOn);
  showElder(isOn);
}
