//! What an auditor's export says of itself to who opens the folder.

use super::bundle::Manifest;

/// The README of an export, in Chinese and in English.
pub fn text(manifest: &Manifest, sampled: u32) -> String {
    let Manifest { institution, from, to, seed, draws, checkpoint, .. } = manifest;
    let (at, key) = (&checkpoint.at, &checkpoint.key);
    format!(
        "# {institution} · {from} – {to}

## 中文

本文件夹是上述期间账簿的审计导出，只读，不含姓名、电话、身份证号；农户、借据用编号表示，要核对真人请向机构调档。

| 文件 | 内容 |
| --- | --- |
| trial_balance.csv | 试算平衡表：期初、借方、贷方、期末；余额借方为正 |
| days.csv | 科目日结：每天每个科目的发生额和余额 |
| vouchers.csv | 全部会计凭证，一行一条分录；凭证号 = 记账日-单元-当日序号，不断号 |
| notes.csv | 全部借据，截至各自最近一次入账日（as_of），不是期末数 |
| periods.csv | 结账和反结账记录，附试算平衡表存证 |
| journal.jsonl | 期间内日志原文（十六进制）和叶子哈希（RFC 6962）|
| sample.csv | 货币单元抽样：把期间全部借方金额等分成 {draws} 段，用种子 {seed} 在每段抽一分钱，共抽中 {sampled} 笔 |
| chains.jsonl | 被抽中的每条日志到存证点的默克尔路径 |
| manifest.json | 各文件的 SHA-256、抽样参数、签名的存证点（{at}）|

核验（不需要数据库）：`tianxin audit check-export 本文件夹`。它检查：文件没有改动；存证点签名有效；凭证与日志原文逐笔一致、借贷相等、不断号；
发生额等于试算平衡表；抽样可以重算；每笔样本的日志都在签名的存证点之内。`--key` 可以给出机构的公钥，核对签名者是谁。公钥：`{key}`。

一笔样本的链条：试算平衡表的数字 → vouchers.csv 里同科目的分录 → 凭证号 → record、fact → journal.jsonl 的原文 → chains.jsonl 的路径 → 存证点的根。

## English

This folder is an auditor's export of the books of that period. It only reads, and names no person: ids stand for households and notes; ask the
institution for their files.

| file | what it has |
| --- | --- |
| trial_balance.csv | opening, debit, credit, closing by subject; balances are debit positive |
| days.csv | what was booked on each subject each day, and its balance |
| vouchers.csv | every voucher, one line a row; its number is booking date, cell and place on that day, without gaps |
| notes.csv | every loan note as of its last touch (`as_of`), not as of the end of the period |
| periods.csv | closings and reopenings of periods, with the hash of the trial balance |
| journal.jsonl | the records of the period as they were hashed (hex), with their leaf hashes (RFC 6962) |
| sample.csv | a monetary-unit sample: all debits cut into {draws} equal parts, one unit drawn in each with the seed {seed}; {sampled} drawn |
| chains.jsonl | the audit path of every sampled record to the checkpoint |
| manifest.json | SHA-256 of the files, how the sample was drawn, the signed checkpoint of {at} |

To prove it without the database: `tianxin audit check-export FOLDER`. It checks that no file was altered; that the checkpoint is signed; that the vouchers
are those of the records, balance and have no gap; that they add up to the trial balance; that the sample is drawn again alike; and that every
sampled record lies under the checkpoint. `--key` takes the institution's public key, to know who signed. The key named here: `{key}`.

The chain of a sample: the figure of the trial balance → the lines of that subject in vouchers.csv → the voucher → record and fact → the bytes in
journal.jsonl → the path in chains.jsonl → the root in the checkpoint.
"
    )
}
