//! Words for every code that a person can meet, with the HTTP status it is sent with.
//!
//! Words in braces are figures of the problem. What is not in the table is a mistake, and a
//! test looks for it in the sources.

/// The languages problems are told in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Chinese, unless the caller asks for English first.
    Zh,
    /// English.
    En,
}

impl Language {
    /// The language that an `Accept-Language` header asks for first.
    pub fn of(header: Option<&str>) -> Language {
        let place = |wanted: &str| {
            header.unwrap_or_default().split(',').position(|part| part.trim().to_ascii_lowercase().starts_with(wanted))
        };
        match (place("en"), place("zh")) {
            (Some(en), Some(zh)) if en < zh => Language::En,
            (Some(_), None) => Language::En,
            _ => Language::Zh,
        }
    }

    /// Its tag.
    pub const fn tag(self) -> &'static str {
        match self {
            Language::Zh => "zh-CN",
            Language::En => "en",
        }
    }
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    /// The code.
    pub code: &'static str,
    /// HTTP status.
    pub status: u16,
    /// In Chinese.
    pub zh: &'static str,
    /// In English.
    pub en: &'static str,
}

/// The words of a code.
pub fn of(code: &str) -> Word {
    const UNKNOWN: Word = word("refused", 422, "没有办成，请核对后再试。", "It was not done: check it and try again.");
    WORDS.iter().find(|word| word.code == code).copied().unwrap_or(UNKNOWN)
}

const fn word(code: &'static str, status: u16, zh: &'static str, en: &'static str) -> Word {
    Word { code, status, zh, en }
}

/// The table, by group and status.
#[rustfmt::skip]
pub const WORDS: &[Word] = &[
    // The request itself.
    word("bad_json", 400, "请求内容不是有效的 JSON，或缺少、多出了字段。", "The body is not valid JSON, or has a field too many or too few."),
    word("not_json", 415, "请求内容要用 JSON 格式（Content-Type: application/json）。", "Send the body as JSON (Content-Type: application/json)."),
    word("body_too_large", 413, "请求内容太大，请分几次提交。", "The body is too large: send it in parts."),
    word("bad_query", 400, "网址中的参数不对，请核对。", "A parameter of the address cannot be read: check it."),
    word("command_id_missing", 400, "缺少 Command-Id 请求头：每次办理都要带一个自己生成的 UUID，重试时用同一个。", "The header Command-Id is missing: every write carries a UUID made by the caller, the same one when it is sent again."),
    word("bad_command_id", 400, "Command-Id 不是有效的 UUID。", "Command-Id is not a UUID."),
    word("command_conflict", 409, "这个办理编号已经用于另一件事，请换一个新编号再提交。", "This command id was used before for another request or by another actor: send the new request under a new id."),
    word("bad_id", 400, "编号不对，请完整地重新复制一遍。", "This id cannot be right: copy it again, whole, as it was shown."),
    word("bad_amount", 422, "金额写得不对，请写成 1250.00 这样。", "The amount cannot be read or is out of range: write it as 1250.00."),
    word("bad_rate", 422, "利率写得不对，请写成 6.00（百分数）。", "The rate cannot be read: write percent as 6.00."),
    word("bad_date", 422, "日期写得不对，请写成 2026-03-06。", "The date cannot be read: write it as 2026-03-06."),
    word("bad_text", 422, "文字太长、太短或含有不能用的字符。", "A text is empty, too long or has characters that cannot be kept."),
    word("no_such_page", 404, "没有这个地址。", "There is nothing at this address."),
    word("no_such_method", 405, "这个地址不支持这种操作。", "This address does not do that: look at /docs."),
    word("too_many_requests", 429, "请求太频繁，请 {retry_after_seconds} 秒后再试。", "Too many requests: try again in {retry_after_seconds} s."),
    word("timeout", 504, "办理时间太长，还不知道结果：请用同一个编号再提交一次，不会重复办理。", "It took too long, and nobody knows yet whether it was done: send it again under the same command id, it is done at most once."),
    // Who asks.
    word("not_signed_in", 401, "请先登录。", "Sign in first."),
    word("session_expired", 401, "登录已过期或已退出，请重新登录。", "The session is over: sign in again."),
    word("csrf_missing", 403, "缺少或不匹配的 X-CSRF-Token，请刷新页面再试。", "The header X-CSRF-Token is missing or does not belong to this session: load the page again."),
    word("not_permitted", 403, "您的岗位不能办这件事，请找有权限的人。", "Your role may not do this here: ask someone who may."),
    word("not_yours", 403, "这不是您家的信息，不能查看或办理。", "This belongs to another household: you can only see and do what is your own."),
    word("second_person_needed", 403, "这件事要两个人：先提出，再由另一人复核。", "This needs a second person: propose it, and have it approved."),
    word("not_licensed", 403, "本机构的牌照不允许办这项业务。", "The institution's licence does not cover this."),
    word("wrong_sign_in", 403, "登录名或密码不对，或该账号已停用。", "Login name or password are wrong, or the account is closed."),
    word("wrong_pin", 403, "手机号、验证码或六位密码不对。", "Phone, code or pin are wrong."),
    word("sign_in_locked", 429, "错误次数太多，请 {retry_after_seconds} 秒后再试。", "Too many wrong tries: try again in {retry_after_seconds} s."),
    word("choose_household", 409, "这个手机号对应几户，请说明是哪一户。", "This phone serves several households: name the one you mean."),
    word("bad_pin", 422, "密码要六位数字，不能是 123456 或同一个数字。", "A pin has six digits, and is neither a run such as 123456 nor one digit six times."),
    word("bad_password", 422, "密码要 10 到 200 个字符。", "A password has 10 to 200 characters."),
    // One-time codes.
    word("code_too_soon", 429, "验证码刚发过，请 {retry_after_seconds} 秒后再要。", "A code was sent just now: ask for another in {retry_after_seconds} s."),
    word("code_limit", 429, "今天给这个手机号发的验证码太多了，请明天再试或到服务窗口。", "Too many codes were sent to this phone today: try tomorrow, or come to the service window."),
    word("wrong_code", 422, "验证码不对，还可以试 {tries_left} 次。", "The code is wrong: {tries_left} tries are left."),
    word("code_expired", 422, "验证码已过期或还没有要过，请重新获取。", "The code has expired, was used, or was never asked for: ask for a new one."),
    word("code_locked", 403, "错误次数太多，这个验证码已作废，请稍后重新获取。", "Too many wrong tries: this code is locked, ask for a new one later."),
    word("message_failed", 503, "短信没有发出去，请稍后再试。", "The message could not be sent: try again later."),
    // Identity and enrolment.
    word("name_missing", 422, "请填写姓名，和身份证上一样。", "Give the name as on the resident card."),
    word("bad_name", 422, "姓名不对，请照身份证填写。", "This cannot be a name: give it as on the resident card."),
    word("bad_resident_id", 422, "身份证号不对，请对照身份证逐位核对。", "This resident id cannot be right: compare all 18 characters with the card."),
    word("bad_phone", 422, "手机号不对，请填 11 位手机号。", "This is no mobile phone number: give 11 digits."),
    word("identity_mismatch", 422, "姓名和身份证号对不上，请核对。", "Name and resident id do not belong together: compare both with the card."),
    word("identity_unreachable", 503, "身份核验暂时连不上，请稍后再试。", "The identity check cannot be reached: try again in a few minutes."),
    word("enrolled_already", 409, "这个身份证号已经开过户，请直接登录，或到服务窗口办理。", "This resident id is enrolled already: sign in to that household, or ask the office."),
    word("enrolment_under_way", 409, "这个人正在开户，请十分钟后再试。", "Another enrolment of this person is under way: try again in ten minutes."),
    word("enrolment_expired", 409, "这次开户时间太长已作废，请用新编号重新开户。", "This enrolment took too long and was given up: enrol again under a new command id."),
    word("household_exists", 409, "这个户号已经开过户。", "A household with this id is enrolled already: use a new command id."),
    word("bad_household", 422, "一户要有一位户主，最多 20 人，每项信息只能填一次。", "A household has one head and at most 20 persons, and each field once."),
    word("consent_missing", 422, "开户前请先同意授权。", "A household is enrolled only with its consent to a purpose."),
    word("erased_already", 410, "这户的资料已按要求删除，请用新编号开户。", "This household was erased: enrol it under a new id."),
    word("erased", 410, "这个人的资料已按要求删除。", "The data of this person was erased."),
    word("unknown_notice", 404, "没有这条通知，请核对编号。", "There is no such notice: check its id."),
    word("bad_number", 422, "一次报的条数太多，或者一条也没有。", "Too many things are told of at once, or none: send them in parts."),
    word("nothing_to_tell", 409, "没有要提醒的。", "There is nothing to tell."),
    word("notice_done", 409, "这条通知已经处理过了。", "This notice is done with already."),
    word("unknown_household", 404, "没有这户，请核对编号。", "There is no such household here: check the id."),
    word("wrong_household", 422, "记录里有别家的内容，请核对。", "An event belongs to another household: check it."),
    word("unknown_person", 404, "没有这个人，请核对编号。", "There is no such person here: check the id."),
    word("unknown_cell", 404, "没有这个分区，请核对编号。", "There is no such cell in this database: check the id."),
    word("wrong_cell", 422, "编号不完整，请照原样复制。", "The id does not belong to this cell: take it as given."),
    // Behaviour.
    word("bad_event", 422, "有一条往来记录不对，请核对种类和金额。", "An event cannot be taken: check its kind and figures."),
    word("bad_event_count", 422, "一次请提交 1 到 500 条记录。", "Send 1 to 500 events at once."),
    word("event_known", 409, "有一条记录以前提交过，请去掉。", "An event was sent before: leave it out."),
    word("event_ahead", 422, "记录的日期不能晚于今天的账务日期。", "An event lies after the open day: leave it out until it has happened."),
    word("channel_not_yours", 403, "自己填报的记录只能注明“农户自述”。", "A household tells of itself only: leave the channel out."),
    word("facility_stale", 503, "授信额度刚刚有变动，请再试一次。", "The facility has changed meanwhile: try again."),
    word("facility_lowered", 409, "授信额度已由信贷员调低，要先由两人调高。", "An officer has lowered the facility: two people raise it first."),
    word("lane_stale", 503, "探索额度刚刚用完，请再试一次。", "The exploration budget was used up meanwhile: try again."),
    word("rating_stands", 409, "信用等级没有变化。", "The rating stands as it is."),
    word("profile_stale", 503, "资料刚刚有变动，请再试一次。", "The profile has changed meanwhile: try again."),
    word("exposure_stale", 503, "借款情况刚刚有变动，请再试一次。", "What the household owes has changed meanwhile: try again."),
    // Money.
    word("amount_not_positive", 422, "金额要大于 0。", "The amount must be more than 0.00."),
    word("amount_too_large", 422, "金额太大，请核对。", "The amount is too large: check it."),
    word("wrong_currency", 422, "币种不对。", "The amount is in another currency than the books."),
    word("value_date_ahead", 422, "起息日不能晚于账务日期。", "The value date lies after the open day."),
    word("value_date_too_old", 422, "起息日太早，请核对。", "The value date is too old: check it."),
    word("insufficient_funds", 422, "余额不够，可用 {available} 元。", "There is not enough money: {available} is available."),
    word("unknown_payee", 422, "没有这个收款户，请核对编号。", "There is no such payee: check the id."),
    word("same_wallet", 422, "不能转给自己。", "Payer and payee are the same household."),
    word("below_floor", 422, "这样做会让余额不足，不能办。", "A balance would fall below its floor: it was not done."),
    word("unknown_hold", 404, "没有这笔预留，请核对编号。", "There is no such hold: check its id."),
    word("hold_exists", 409, "这个预留编号已经用过，请换一个。", "A hold with this id exists: make a new id."),
    word("hold_ended", 409, "这笔预留已经办结。", "The hold has ended already: look at it again."),
    word("hold_over", 422, "预留的期限不对，或已经过期。", "The last day of the hold has passed: reserve anew."),
    word("hold_too_long", 422, "预留最长 366 天。", "A hold lasts 366 days at most."),
    word("more_than_held", 422, "金额超过了预留的数。", "More was to be moved than was set apart."),
    // Payments over rails, and reconciliation.
    word("over_limit", 422, "超过了账户等级的限额，还可以动用 {available} 元。", "A limit of the household's level would be passed: {available} is left."),
    word("level_stands", 409, "账户等级已经是这一级。", "The household is of this level already."),
    word("code_not_genuine", 422, "这不是本机构的收款码，请让商户重新出示。", "This is no payment code of this institution: have the merchant show a new one."),
    word("payment_code_expired", 422, "收款码已过期，请让商户重新出示。", "This payment code has expired: have the merchant show a new one."),
    word("code_spent", 409, "这个收款码已经付过了。", "This code was paid before: have the merchant show a new one."),
    word("not_your_merchant", 403, "这个商户不是本户的。", "This merchant is not paid to this household's wallet."),
    word("unknown_rail", 422, "没有接通这个支付渠道。", "There is no such rail here: look at those set up."),
    word("unknown_account", 404, "没有绑定这个账户，请先绑定。", "This household has bound no such account: bind it first."),
    word("account_exists", 409, "这个账户编号已经用过，请换一个。", "An account with this id is bound: make a new id."),
    word("account_not_own", 422, "只能绑定本户成员本人名下的账户。", "Only an account held by a person of the household can be bound."),
    word("too_many_accounts", 422, "绑定的账户太多了。", "The household has bound as many accounts as it may."),
    word("bad_account", 422, "账号或行号不对，请核对。", "The account number or that of its bank cannot be right: check both."),
    word("unknown_payment", 404, "没有这笔支付，请核对编号。", "There is no such payment: check its id."),
    word("payment_exists", 409, "这个支付编号已经用过，请换一个。", "A payment with this id exists: make a new id."),
    word("payment_not_open", 409, "这笔支付没有待处理的问题。", "Nothing is to be decided of this payment."),
    word("answered_already", 409, "渠道已经回复过这笔支付。", "The rail has answered for this payment before."),
    word("statement_known", 409, "这份对账单已经对过。", "This statement was taken before: nothing is left to do."),
    word("statement_changed", 409, "同一编号的对账单内容不同，请向银行核实。", "Another statement with the same id was taken before: ask the bank."),
    word("statement_late", 409, "这份对账单的日期太早，后面的已经对过。", "Later statements of this rail were taken already."),
    word("statement_gap", 409, "中间缺了一份对账单，请先补上。", "A statement in between is missing: take it first."),
    word("too_many_differences", 422, "不符的太多，请核对是不是这个账户的对账单。", "Too much differs: check that it is the statement of this account."),
    word("unknown_item", 404, "没有这条对账差异。", "There is no such item of reconciliation."),
    word("item_closed", 409, "这条对账差异已经处理。", "This item was closed before."),
    word("same_item", 422, "不能和自己配对。", "An item does not belong together with itself."),
    word("wallet_not_empty", 409, "钱包里还有钱，请先取出。", "The wallet is not empty: pay it out first."),
    word("guarantee_stands", 409, "此人正在为他人的借款提供担保，担保解除前不能删除资料。", "This person stands for another household's debt: the data is kept until that is paid off."),
    // Loans.
    word("unknown_product", 404, "没有这个贷款产品。", "There is no such product: look at /api/v1/products."),
    word("outside_rules", 422, "这个产品不符合现行规则，暂时不能办理。", "The rules in force do not allow this product."),
    word("outside_product", 422, "金额、期限或利率超出了这个产品的范围。", "Amount, term or rate lie outside of this product."),
    word("conditions_open", 409, "合同要求的手续还没有办齐，办齐后才能放款。", "The contract still waits for papers: nothing is paid out before."),
    word("wrong_paper", 422, "这份材料不符合这份合同的要求。", "This paper does not fit this contract."),
    word("paper_exists", 409, "这份材料已经有了。", "This paper is there already."),
    word("purpose_not_offered", 422, "这个产品不能用于这个用途。", "The product does not offer this use."),
    word("too_many_applications", 409, "已有几笔申请没有办完，请先签约或等答复。", "Several applications are open already: sign one, or wait for the office."),
    word("unknown_application", 404, "没有这笔申请，请核对编号。", "There is no such application: check its id."),
    word("application_exists", 409, "这个申请编号已经用过，请换一个。", "An application with this id exists: use a new command id."),
    word("wrong_status", 409, "现在的状态不能办这一步，请刷新后再看。", "It does not stand where this step begins: look at it again."),
    word("not_read", 422, "请先把合同看完再确认，至少 {seconds_min} 秒。", "Read the contract before you confirm, at least {seconds_min} s."),
    word("not_confirmed", 422, "请先确认已看懂并同意。", "Confirm that you have read and agree."),
    word("text_changed", 409, "合同内容与您看到的不一样（可能换了一天），请重新看一遍。", "The text is not the one you were shown (the day may have changed): read it again."),
    word("bad_text_hash", 422, "合同校验码不对，请刷新后再确认。", "The hash of the text is 64 hexadecimal digits: take it from the offer."),
    word("over_cost_cap", 422, "综合年化成本超过上限，不能这样借。", "The all-in yearly cost passes the cap: it cannot be lent like this."),
    word("contract_exists", 409, "这个合同编号已经用过，请换一个。", "A contract with this id exists: use a new command id."),
    word("unknown_contract", 404, "没有这份合同，请核对编号。", "There is no such contract: check its id."),
    word("contract_expired", 409, "合同签了太久没有用，请重新申请。", "The contract was signed too long ago: apply again."),
    word("over_facility", 422, "授信额度不够，还可以用 {available} 元。", "The facility has less than that left, or is over: {available} is available."),
    word("facility_shut", 422, "授信现在不能用：已冻结、到期、终止或未按时年审。", "Nothing may be drawn under the facility now."),
    word("unknown_facility", 404, "没有这笔授信，请核对编号。", "There is no such facility: check its id."),
    word("facility_event", 422, "这样改授信不行，请核对后再办。", "The facility cannot be changed like this."),
    word("extension", 422, "这样展期不合规定：看期限和是否逾期。", "The rules do not allow this extension: look at its length and at arrears."),
    word("renewal", 422, "这样续贷不行：看金额、签约日和原借款。", "The renewal cannot be done like this: look at the amount, the day of signing and the old loan."),
    word("re_age", 422, "规定不许把逾期天数清零。", "The rules keep days past due: the contract's new plan would set them back."),
    word("misuse_rate", 422, "挪用罚息利率不在规定范围内。", "The misuse rate is outside what the rules allow."),
    word("unknown_class", 422, "没有这一级分类。", "There is no such class."),
    word("judged_better", 422, "上调分类要两个人办。", "Judging a loan better takes two people."),
    word("judged_worse", 422, "这不是上调，请按下调办。", "This is not better than it was judged: judge it worse."),
    word("moved_money", 422, "这一笔动过钱，请走更正。", "This act moved money: propose a correction of it."),
    word("bad_change", 422, "请写明怎么改，并填上需要的金额、日期或编号。", "Say which change it is, with the amount, date or id that it needs."),
    word("unknown_merchant", 404, "没有这家合作商户，或者已经停用。", "No such merchant sells on lines: check its id."),
    word("no_evidence", 422, "在窗口办理同意，要填签字单据的编号。", "A consent taken at the window rests on something signed: give its number."),
    word("guarantor_word", 422, "担保人同意与否，由工作人员在窗口记录，并且要是本合同的担保人。", "The guarantor's consent is taken at the window, from a person who guarantees this contract."),
    word("borrower_died", 409, "这户的借款人已登记死亡，不能再借新的。", "The borrower is recorded as dead: nothing new is lent here."),
    word("guarantor_not_asked", 422, "这笔借款有担保人，请先问担保人的意见。", "The loan is guaranteed: ask the guarantor too, and say whether he agreed."),
    word("unknown_line", 404, "没有这个消费额度，请核对编号。", "There is no such line: check its id."),
    word("line_exists", 409, "已经有这个消费额度了。", "There is such a line already: close it, or have it raised."),
    word("over_line", 422, "消费额度不够，还可以用 {available} 元。", "The line has less than that left: {available} is available."),
    word("line_event", 422, "这笔消费额度业务记不进去，请核对。", "This cannot join the life of the line."),
    word("no_lines_here", 422, "本机构没有开办消费额度。", "This institution books no statement lines."),
    word("loan_exists", 409, "这个借据编号已经用过，请换一个。", "A loan with this id exists: use a new command id."),
    word("unknown_loan", 404, "没有这笔借款，请核对编号。", "There is no such loan: check its id."),
    word("loan_closed", 409, "这笔借款已经还清。", "This loan is paid off: nothing is owed any more."),
    word("loan_event", 422, "这一项记不到这笔借款上，请核对内容和日期。", "This cannot join the life of the loan: check it and its date."),
    word("payment_refused", 422, "这笔还款记不进去，请核对金额和日期。", "The payment cannot join the life of this loan: check its amount and date."),
    word("prepayment_refused", 422, "不能这样提前还款，请核对金额、日期和合同约定。", "The loan cannot be prepaid like this: check the amount, the day and the contract."),
    word("extension_refused", 422, "不能这样展期，请核对新的到期日和还款安排。", "The loan cannot be extended like this: check the new last day and the rows."),
    word("plan_refused", 422, "还款计划不能这样改，请核对日期、期数和金额。", "The repayment plan cannot be changed like this: check days, rows and amounts."),
    word("waiver_refused", 422, "不能这样减免：最多减到现在应还的数。", "This cannot be let off: at most what is owed of it now."),
    word("charge_refused", 422, "这笔费用不能这样记或这样退，请核对金额和日期。", "The charge cannot be imposed or given back like this: check its amount and day."),
    word("refund_refused", 422, "不能这样退款：最多退可以退的数。", "This cannot be paid back: at most what is there to give back."),
    word("reversal_refused", 422, "这一笔不能撤销：没有这一笔、已经撤销，或者后面的业务以它为依据。", "This is not taken back: there is no such event, it is taken back already, or something later rests on it."),
    word("write_off_refused", 422, "这笔借款现在不能转出表外或核销。", "The loan cannot be charged off or written off now."),
    word("more_than_due", 422, "还多了：今天应还 {due} 元，一次结清是 {payoff} 元。", "That is more than is due: {due} is due today, {payoff} would close the loan."),
    word("dated_back", 422, "这一天已经日结：请提出更正，写明依据和理由，由第二人复核。", "That day is closed: propose a correction with reference and reason, and have it approved."),
    word("not_correctable", 422, "已放款的贷款不能撤销放款，请安排还款。", "A loan that was paid out stays paid out: have it paid back instead."),
    word("season_missing", 422, "这个产品随收成还款，请写明地区和作物面积。", "This product follows the seasons: name the region and the crops with their areas."),
    word("not_changed", 422, "这笔借款的还款计划不用改，或不能这样改。", "The repayment plan of this loan is not changed."),
    word("unknown_change", 404, "没有这项还款计划变更，请核对编号。", "There is no such change of this loan: check its id."),
    word("change_exists", 409, "这个变更编号已经用过，请换一个。", "A change with this id exists: use a new command id."),
    word("other_text", 409, "内容与您看到的不一样，请重新看一遍再同意。", "This is not the text that was shown: read the proposal again."),
    word("change_stale", 409, "借款情况已经变了，请重新提出。", "The loan has gone on since this was shown: propose it again."),
    word("unknown_disaster", 404, "没有登记过这次灾害，请核对编号。", "There is no such disaster: check its id."),
    word("disaster_exists", 409, "这个灾害编号已经用过，请换一个。", "A disaster with this id exists: use a new command id."),
    word("not_yet", 409, "这笔借款今天才放款，明天起才能办延期。", "The loan was drawn today: what is put off counts from tomorrow."),
    word("not_decided", 409, "还没有两人复核决定，不能执行。", "Nobody has decided about it yet: have it carried out or taken back by two people."),
    word("bad_document_hash", 422, "文件校验码不对，应为 64 位十六进制数。", "The hash of the document is 64 hexadecimal digits."),
    word("bad_villages", 422, "请写明 1 到 500 个受灾村。", "Name 1 to 500 villages."),
    word("bad_crops", 422, "作物不对，请按农事日历填写。", "A crop is not in the crop calendar."),
    word("bad_event_date", 422, "受灾日期不能晚于今天的账务日期。", "The day of the event has not come yet."),
    word("bad_end_date", 422, "延期到的日期要晚于今天。", "The date that is put off to has passed."),
    // The office.
    word("bad_role", 422, "没有这个岗位。", "There is no such role for staff."),
    word("login_taken", 409, "这个登录名已经有人用了。", "Another member of staff has this login name."),
    word("password_missing", 422, "新员工要设密码。", "A new member of staff needs a password."),
    word("unknown_staff", 404, "没有这位员工，请核对编号。", "There is no such member of staff: check the id."),
    word("no_review", 409, "这笔申请现在不能再申请人工复核：还没有决定、正在复核、已由工作人员决定，或已签合同。", "A person cannot be asked for now: it is not decided, is with the office, was decided by a person, or is signed."),
    word("nothing_to_withdraw", 409, "这笔申请已经不能撤回：没有批下来、已签合同，或已经撤回过了。", "This application cannot be withdrawn: it was declined, is signed, or was withdrawn before."),
    word("bad_model_place", 422, "模型的位置是 champion、challenger 或 retired。", "A model is champion, challenger or retired."),
    word("bad_model_name", 422, "模型用文件的 SHA-256（64 位十六进制）来指名。", "A model is named by the SHA-256 of its file, 64 hexadecimal digits."),
    word("bad_model_kind", 422, "模型只有评分卡和组合模型两种。", "A model is a scorecard or a portfolio."),
    word("unusable_model", 422, "数据目录里没有这个模型，或它不能用于审批：先用 tianxin model promote 放进来。", "The data folder has no such model, or it may not judge: put it there with `tianxin model promote`."),
    word("model_in_place", 409, "这个模型已经在这个位置，或不能放到这个位置。", "The model has this place already, or cannot come to it."),
    word("unknown_case", 404, "没有这个风险案件，请核对编号。", "There is no such case: look at the list of cases."),
    word("case_decided", 409, "这个案件已经结案；有新的预警会另开案件。", "The case is decided: a new alert opens another."),
    word("case_yours", 409, "这个案件已经在您手里。", "You work this case already."),
    word("case_not_taken", 409, "请先领取案件，再下结论。", "Take the case first: who decides has looked at it."),
    word("bad_case_step", 422, "案件的操作是 take、note 或 decide，结论是 true、false 或 unclear。", "A step of a case is take, note or decide; a verdict is true, false or unclear."),
    word("bad_case_state", 422, "案件状态是 open、taken 或 decided。", "A case is open, taken or decided."),
    word("too_many_signals", 422, "一次预警带的信号太多。", "An alert carries too many signals."),
    word("amount_negative", 422, "金额不能为负。", "The amount cannot be negative."),
    word("not_a_machine", 422, "令牌只发给登录名以 machine- 开头、岗位不是审批人和管理员的账号。", "Tokens are given to accounts only whose login begins with machine-, and who neither approve nor administer."),
    word("unknown_proposal", 404, "没有这条待复核事项。", "There is no such proposal: check its id."),
    word("proposal_closed", 409, "这条事项已经处理过了。", "The proposal is closed already."),
    word("outcome_changed", 409, "情况变了，结果会和提出时不一样：请退回后重新提出。", "It would now end differently from what was shown: reject it and propose it anew."),
    word("reason_missing", 422, "请写明理由（1 到 500 字）。", "Give the reason in 1 to 500 characters."),
    word("unknown_entry", 404, "没有这笔分录，请核对编号。", "There is no such entry in this cell: check its number."),
    word("is_reversal", 422, "冲正分录不能再冲正，请记一笔新的。", "A reversal is not itself reversed: make a new entry."),
    word("crosses_cells", 422, "跨区转账不能单边冲正，请转回去。", "One side of a crossing is not reversed alone: send the money back by a new transfer."),
    word("touches_loan", 422, "贷款的分录不能单独冲正，请更正贷款。", "An entry of a loan is not reversed alone: correct the loan instead."),
    word("reversed_already", 409, "这笔分录已经冲正过。", "This entry was reversed before."),
    word("unknown_crossing", 404, "没有这笔在途转账。", "There is no such transfer under way."),
    word("day_closing", 409, "这一天已经日结或正在日结。", "This day is closed, or being closed, already."),
    word("not_the_open_day", 409, "这不是当前的账务日期。", "This is not the open day."),
    word("day_not_over", 409, "这一天还没有过完，不能日结。", "The day is not over yet: close it tomorrow."),
    word("not_closed", 409, "这一天还没有日结。", "This day is not closed: close it first."),
    word("bad_duration", 422, "用时不能为负。", "A close takes no less than 0 milliseconds."),
    word("not_closing", 409, "这一天没有在日结。", "This day is not being closed."),
    word("unknown_day", 404, "这一天还没有开始日结。", "The close of this day was never begun."),
    word("bad_period", 422, "这段日期不对：要从早到晚，而且不能晚于当前营业日。", "This period cannot be shown: it runs from its first day to its last, and ends on the open day at the latest."),
    word("unknown_subject", 404, "科目表里没有这个科目。", "The chart of accounts has no such subject."),
    word("not_assessed", 404, "这笔申请没有经过模型和规则，没有决策记录。", "Model and rules have not looked at this application: there is no record of a decision."),
    // The server.
    word("busy", 503, "现在办理的人多，请 {retry_after_seconds} 秒后再试。", "Too many commands are waiting: try again in {retry_after_seconds} s."),
    word("storage_failed", 503, "暂时存不进去，什么都没有改动，请稍后再试。", "The database cannot be reached or written: nothing was changed, try again later."),
    word("disk_full", 507, "服务器磁盘已满，什么都没有改动，请联系管理员。", "The server's disk is full: nothing was changed; whoever runs it must free space."),
    word("outcome_unknown", 503, "还不知道是否办成：请用同一个编号再提交一次，不会重复办理。", "Nobody knows yet whether it was done: send it again under the same command id, it is done at most once."),
    word("stopping", 503, "服务正在重启，请稍后再试。", "The server is stopping: try again soon."),
    word("fault", 500, "程序出了错，什么都没有改动，请告诉管理员。", "The program is at fault, nothing was changed: please report it."),
];
