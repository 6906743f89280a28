// The first page of somebody who is not signed in.

import { chooseElder, elder } from "../elder";
import { Icon, Key, LinkKey, Screen } from "../parts";
import { useSay } from "../state";

export function WelcomePage() {
  const say = useSay();
  const isElder = elder.use();
  const promises = [
    say("能借多少，当场就知道", "See at once how much you can borrow"),
    say("一共要还多少，先说清楚再签", "Know what you pay in all before you sign"),
    say("卖了粮再还，随时可以提前还", "Repay as the harvest comes in, early if you like"),
  ];
  return (
    <Screen
      title={say("种地要用钱，手机上就能借", "Money for the farm, from your phone")}
      aloud={promises.join("。")}
      foot={
        <>
          <LinkKey to="/enrol">{say("第一次来，我要开户", "I am new here")}</LinkKey>
          <LinkKey to="/sign-in" kind="plain">{say("我有账户，去登录", "Sign in")}</LinkKey>
        </>
      }
    >
      <svg class="picture" viewBox="0 0 320 150" aria-hidden="true">
        <circle class="sun" cx="252" cy="46" r="24" />
        <path class="hill" d="M0 96q80-46 160-14t160-22v90H0z" />
        <path class="furrow" d="M0 150q60-50 170-58M50 150q40-40 140-56M110 150q30-32 110-54M175 150q20-24 82-50M240 150q12-18 52-44" />
      </svg>
      <ul class="promises">
        {promises.map((promise) => (
          <li key={promise}>
            <Icon name="check" />
            {promise}
          </li>
        ))}
      </ul>
      <LinkKey to="/products" kind="plain">{say("先看看有哪些借款", "See which loans there are")}</LinkKey>
      <Key kind="quiet" onClick={() => chooseElder(!isElder)}>{isElder ? say("改回普通字", "Usual letters") : say("字太小？换成大字", "Too small? Large letters")}</Key>
      <p class="hint">{say("不会用？到村里的服务窗口，工作人员帮您办。", "Need help? Staff at the service window in your village will do it with you.")}</p>
    </Screen>
  );
}
