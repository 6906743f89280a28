// How long a text has really been in view: what is signed has to be read first.

import { useEffect, useState } from "preact/hooks";

/** Seconds the page has been in view. */
export function useSecondsRead(): number {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") setSeconds((count) => count + 1);
    }, 1000);
    return () => clearInterval(timer);
  }, []);
  return seconds;
}
