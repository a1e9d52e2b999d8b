#pragma once

#include <cstdint>
#include <string>

#include "base/secret.hpp"

namespace hatchery::core {

/// A machine that the operator has already, and lends to the provider `static`.
struct OwnMachine {
    /// Unique among the operator's machines: small letters, digits and hyphens.
    std::string name;
    /// Where SSH answers: a name or an address.
    std::string host;
    std::uint16_t port = 22;
    /// Who logs in to lend it out and to wipe it: root, or somebody who may use sudo without a
    /// password.
    std::string user = "root";
    /// The host key that the machine shows, `ssh-ed25519 AAAA…`. It stays the operator's.
    std::string host_key;
    /// The operator's key for `user`, OpenSSH's text form.
    base::Secret private_key;
    std::string region;
    std::string type;
    std::string description;
    /// ISO 3166-1 alpha-2, upper case; empty when it is not known.
    std::string country;
    /// `x86` or `arm`; empty when it is not known.
    std::string architecture;
    int cores = 0;
    double memory_gb = 0;
    int disk_gb = 0;
    /// Decimal text; "0" for what costs nothing.
    std::string price_monthly = "0";
    std::string price_hourly = "0";
    std::string price_currency = "EUR";
};

}  // namespace hatchery::core
