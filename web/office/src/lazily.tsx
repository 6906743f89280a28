// Pages that are fetched when they are first opened.

import type { ComponentType } from "preact";
import { Loading } from "./parts";
import { useLoaded } from "./state";

/** A page whose code comes on demand; what it is given goes through to it. */
export function lazily<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  return function Lazy(props: Props) {
    const loaded = useLoaded(load);
    const Page = loaded.value;
    return Page ? <Page {...props} /> : <Loading error={loaded.error} again={loaded.again} />;
  };
}
