//! Installs the few Debian packages that tests need, where that is allowed.

use std::process::Command;

use crate::run;

/// Installs packages that are missing. The error says why nothing was installed.
pub fn install(packages: &[&str]) -> Result<(), String> {
    let list = packages.join(" ");
    if !run::is_on_path("apt-get") {
        return Err(format!("not installed, and this is no Debian; install what {list} is here"));
    }
    if !is_root() {
        return Err(format!("not installed; as root: apt-get install {list}"));
    }
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").args(["--yes", "--quiet"]).args(arguments);
        run::stream(&mut command).is_ok()
    };
    // A failed update may still leave lists that are good enough.
    let updated = apt(&["update"]);
    let mut arguments = vec!["install", "--no-install-recommends"];
    arguments.extend(packages);
    match apt(&arguments) {
        true => Ok(()),
        false if updated => Err(format!("apt-get could not install {list}")),
        false => Err(format!("apt-get could neither update its lists nor install {list}")),
    }
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).trim() == "0")
}
