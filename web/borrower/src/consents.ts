// The texts a household agrees to when it enrols. A changed text gets a new version: what was agreed to is
// stored by purpose and version.

import type { Told } from "../../shared/language";

export interface Consent {
  purpose: string;
  version: string;
  title: Told;
  text: readonly Told[];
  agree: Told;
}

export const CONSENTS: readonly Consent[] = [
  {
    purpose: "account",
    version: "2026-01",
    title: ["开户和身份核对", "Account and identity check"],
    text: [
      [
        "为了给您开户，我们要记下您的姓名、身份证号、手机号和住哪个村，并核对身份证是不是真的。",
        "To open your account we record your name, resident id, mobile number and village, and check that the id is genuine.",
      ],
      ["这些信息加密保存，只用来给您办业务，不卖给别人，也不拿去做广告。", "They are stored encrypted and used for your business with us only: never sold, never used for advertising."],
      ["您随时可以来查、来改，也可以要求注销。法律要求保存的账目除外。", "You may see, correct or close them at any time, save the books that the law requires to be kept."],
    ],
    agree: ["我看明白了，同意用这些信息开户", "I have read this and agree to it"],
  },
  {
    purpose: "credit",
    version: "2026-01",
    title: ["看收支，算额度", "Income and spending, to work out your limit"],
    text: [
      [
        "为了算您能借多少，我们会看您在我们这里的收入、支出、余额和还款记录。不看病历，不看聊天。",
        "To work out what you can borrow we look at your income, spending, balances and repayments with us. Never at illness, never at messages.",
      ],
      ["结果由电脑先算。您可以问为什么，也可以要求换人工来看。", "A machine works it out first. You may ask why, and ask for a person to look at it."],
      ["不同意也可以到服务窗口人工办理。以后不想让看了，可以随时撤回。", "If you do not agree, the service window can do it by hand. You may withdraw at any time."],
    ],
    agree: ["我看明白了，同意看收支来算额度", "I have read this and agree to it"],
  },
];
