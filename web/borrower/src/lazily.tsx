// Pages that are fetched when they are first opened, so that the first one is there soon.

import type { ComponentType } from "preact";
import { Loading, Screen } from "./parts";
import { useLoaded, useSay } from "./state";

/** A page whose code comes on demand; what it is given goes through to it. */
export function lazily<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  let known: ComponentType<Props> | null = null;
  const loadOnce = () => load().then((page) => (known = page));
  return function Lazy(props: Props) {
    const say = useSay();
    const loaded = useLoaded(() => (known ? Promise.resolve(known) : loadOnce()));
    const Page = known ?? loaded.value;
    if (Page) return <Page {...props} />;
    return (
      <Screen title={say("田信", "Tianxin")} back="/">
        <Loading error={loaded.error} again={loaded.again} />
      </Screen>
    );
  };
}
