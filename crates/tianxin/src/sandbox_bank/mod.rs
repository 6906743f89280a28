//! `tianxin sandbox-bank`: a bank on loopback to try payments with, which misbehaves on demand, and the campaign against it.

mod bank;
mod campaign;
mod serve;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use basics::{Currency, Date, Money};
use clap::{Args, Subcommand};
use rails::sign::{Nonces, Secret};

use crate::config::Place;
use crate::failure::Failure;
use crate::terminal::say;

use bank::{Bank, Faults};
use serve::{Sandbox, router};

/// The secret that platform and sandbox share unless told otherwise: it guards nothing, the bank is of paper.
pub const SANDBOX_SECRET: &str = "6f6e6c7920612073616e64626f783a20746869732067756172647320656d707479";

/// A bank of paper on this machine: ISO 20022 and signed JSON over HTTP, with faults from a seed.
#[derive(Args)]
pub struct SandboxBank {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Serve the bank; says one line on standard output when it is ready
    Serve(Box<Serve>),
    /// Send payments through a misbehaving bank, the platform killed in between, and prove that none was made twice and none lost
    Campaign(campaign::Campaign),
    /// One life of the platform in a campaign
    #[command(hide = true)]
    Carry(campaign::Carry),
}

/// How often the bank misbehaves, in parts per million of the orders.
#[derive(Args, Clone, Copy, Debug)]
pub struct Rates {
    /// What decides which orders are struck
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// It refuses
    #[arg(long, value_name = "PPM", default_value_t = 0)]
    refuse: u32,
    /// It loses the request
    #[arg(long, value_name = "PPM", default_value_t = 0)]
    lose: u32,
    /// It does what it was asked and gives no answer
    #[arg(long, value_name = "PPM", default_value_t = 0)]
    time_out: u32,
    /// It takes long
    #[arg(long, value_name = "PPM", default_value_t = 0)]
    delay: u32,
    /// It does not tell by itself what it has done
    #[arg(long, value_name = "PPM", default_value_t = 0)]
    lose_notice: u32,
    /// It tells twice, and in another order
    #[arg(long, value_name = "PPM", default_value_t = 0)]
    repeat_notice: u32,
    /// It moves another amount
    #[arg(long, value_name = "PPM", default_value_t = 0)]
    wrong_amount: u32,
    /// It moves the amount twice
    #[arg(long, value_name = "PPM", default_value_t = 0)]
    pay_twice: u32,
}

impl Rates {
    fn faults(self) -> Faults {
        let Rates { seed, refuse, lose, time_out, delay, lose_notice, repeat_notice, wrong_amount, pay_twice } = self;
        Faults { seed, refuse, lose, silent: time_out, delay, lose_notice, repeat_notice, wrong_amount, pay_twice }
    }
}

#[derive(Args)]
struct Serve {
    /// Where to listen, on this machine only; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9090")]
    listen: SocketAddr,
    /// The bank's first business day [default: today]
    #[arg(long, value_name = "DATE", value_parser = crate::init::read_date)]
    day: Option<Date>,
    /// What the accounts hold at first
    #[arg(long, value_name = "AMOUNT", default_value = "100000000.00")]
    balance: String,
    /// The secret that requests are signed with, as hexadecimal digits
    #[arg(long, value_name = "HEX", default_value = SANDBOX_SECRET)]
    secret: String,
    /// How long a caller waits in vain where the bank gives no answer, milliseconds
    #[arg(long, value_name = "MILLIS", default_value_t = 1_000)]
    hang: u64,
    #[command(flatten)]
    rates: Rates,
}

/// Reads a secret of hexadecimal digits.
pub fn read_secret(text: &str) -> Result<Secret, Failure> {
    let bad = || Failure::Usage("a secret has at least 64 hexadecimal digits".to_owned());
    let digits = text.trim().as_bytes();
    let bytes: Option<Vec<u8>> = digits
        .chunks(2)
        .map(|two| {
            str::from_utf8(two).ok().filter(|two| two.len() == 2).and_then(|two| u8::from_str_radix(two, 16).ok())
        })
        .collect();
    Secret::new(&bytes.ok_or_else(bad)?).ok_or_else(bad)
}

impl SandboxBank {
    /// Runs the command.
    pub fn run(self, place: &Place) -> Result<(), Failure> {
        match self.task {
            Task::Serve(serve) => serve.run(),
            Task::Campaign(_) if place.postgres.is_some() => Err(Failure::Usage(
                "the campaign makes books of its own on the embedded database: leave --postgres out".to_owned(),
            )),
            Task::Campaign(campaign) => campaign.run(),
            Task::Carry(carry) => carry.run(place),
        }
    }
}

impl Serve {
    fn run(self) -> Result<(), Failure> {
        if !self.listen.ip().is_loopback() {
            return Err(Failure::Usage(format!(
                "{} is not this machine: the sandbox listens on loopback only",
                self.listen
            )));
        }
        let balance = Money::parse(&self.balance, Currency::CNY).map_err(|error| Failure::Usage(error.to_string()))?;
        let day = self.day.unwrap_or_else(|| crate::clock::now().date_at_offset(480));
        let faults = self.rates.faults();
        let of_mobile = Faults { seed: faults.seed.wrapping_add(1), ..faults };
        let sandbox = Arc::new(Sandbox {
            bank: Mutex::new(Bank::new("SANDBOX1", faults, day, balance)),
            mobile: Mutex::new(Bank::new("SANDBOX2", of_mobile, day, balance)),
            secret: read_secret(&self.secret)?,
            nonces: Mutex::new(Nonces::default()),
            hang: Duration::from_millis(self.hang),
        });
        let failed =
            |error: std::io::Error| Failure::Unreachable(format!("the sandbox cannot serve {}: {error}", self.listen));
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(failed)?;
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind(self.listen).await.map_err(failed)?;
            say(format!("ready on http://{}", listener.local_addr().map_err(failed)?));
            axum::serve(listener, router(sandbox)).await.map_err(failed)
        })
    }
}
