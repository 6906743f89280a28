//! `tianxin`: one program that makes, serves, proves and measures the books of an institution.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::Place;

mod audit;
mod backtest;
mod bench;
mod books;
mod checkpoint;
mod clock;
mod config;
mod credit;
mod day;
mod decision;
mod demo;
mod events;
mod failure;
mod features;
mod import;
mod init;
mod lab;
mod lending;
mod limits;
mod many;
mod model;
mod notary;
mod own;
mod policy;
mod product;
mod quote;
mod rail;
mod remind;
mod sandbox_bank;
mod serve;
mod sim;
mod terminal;
mod vault;
mod watch;

/// Tianxin 田信: an open platform for rural micro-lending.
///
/// Everything of an institution lives in one data folder: its settings, its keys, its signed
/// checkpoints and, unless they are kept in PostgreSQL, its books. Begin with `tianxin init`.
#[derive(Parser)]
#[command(version, about, after_help = EXIT_CODES, propagate_version = true)]
struct Cli {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    task: Task,
}

const EXIT_CODES: &str = "\
Exit codes: 0 all is well; 1 something is wrong with the books, or the command was refused;
            2 the command line cannot be understood; 3 something cannot be opened or reached.";

#[derive(Subcommand)]
enum Task {
    /// Make a data folder: settings, keys and empty books
    Init(init::Init),
    /// Serve the books: take commands, close days, sign checkpoints
    Serve(serve::Serve),
    /// Serve a demonstration with made-up households, ready to be looked at
    Demo(demo::Demo),
    /// Prove the books from the journal, or derive them again
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Look at the general ledger: trial balance, balance sheet, income statement, entries
    #[command(subcommand)]
    Books(books::BooksTask),
    /// Look at the business day, or close it
    #[command(subcommand)]
    Day(day::Day),
    /// Sign what the journal holds
    #[command(subcommand)]
    Checkpoint(checkpoint::CheckpointTask),
    /// Look at stored decisions
    #[command(subcommand)]
    Decision(decision::Decision),
    /// Preliminary limits of a village or the county
    #[command(subcommand)]
    Credit(credit::Credit),
    /// Read a rule file, and say what it would have decided
    #[command(subcommand)]
    Policy(policy::Policy),
    /// Print the data dictionary of features; check and export the vectors of decisions
    Features(features::Features),
    /// Take behaviour events over from files
    #[command(subcommand)]
    Events(events::Events),
    /// Take another system's books over: loans in mid-life with their trial balance
    #[command(subcommand)]
    Import(import::Import),
    /// Print the schedule of a loan and what it costs, without a database
    Quote(quote::Quote),
    /// Look at products, and check product files of one's own
    #[command(subcommand)]
    Product(product::ProductTask),
    /// Read a reminder plan: what borrowers are told and when, and when what is due is collected
    #[command(subcommand)]
    Remind(remind::Remind),
    /// Train models on tables of past loans, judge them and use them
    #[command(subcommand)]
    Model(model::Model),
    /// Walk a real bank's history through the door, and say how its loans would have been decided
    Backtest(backtest::Backtest),
    /// Let a simulated county live through the platform
    #[command(subcommand)]
    Sim(sim::Sim),
    /// Compare policies of a lender over simulated counties: which claims hold
    #[command(subcommand)]
    Lab(lab::Lab),
    /// See what the monitor would have said of files of transactions
    #[command(subcommand)]
    Watch(watch::WatchTask),
    /// A bank of paper to try payments with, which misbehaves on demand
    SandboxBank(sandbox_bank::SandboxBank),
    /// Measure this machine against what the database alone could do
    #[command(subcommand)]
    Bench(bench::Bench),
}

fn main() -> ExitCode {
    let Cli { place, task } = Cli::parse();
    let done = match task {
        Task::Init(init) => init.run(&place),
        Task::Serve(serve) => serve.run(&place),
        Task::Demo(demo) => demo.run(&place),
        Task::Audit(audit) => audit.run(&place),
        Task::Books(books) => books.run(&place),
        Task::Day(day) => day.run(&place),
        Task::Checkpoint(checkpoint) => checkpoint.run(&place),
        Task::Decision(decision) => decision.run(&place),
        Task::Credit(credit) => credit.run(&place),
        Task::Policy(policy) => policy.run(&place),
        Task::Features(features) => features.run(&place),
        Task::Events(events) => events.run(&place),
        Task::Import(import) => import.run(&place),
        Task::Quote(quote) => quote.run(&place),
        Task::Product(product) => product.run(&place),
        Task::Remind(remind) => remind.run(&place),
        Task::Model(model) => model.run(&place),
        Task::Backtest(backtest) => backtest.run(),
        Task::Sim(sim) => sim.run(&place),
        Task::Lab(lab) => lab.run(),
        Task::Watch(watch) => watch.run(&place),
        Task::SandboxBank(bank) => bank.run(&place),
        Task::Bench(bench) => bench.run(&place),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            terminal::log(&format!("error: {failure}"));
            ExitCode::from(failure.exit_code())
        }
    }
}
