#pragma once

#include "core/server.hpp"
#include "providers/cloud_types.hpp"

namespace hatchery::providers {

/// The row of a server with what the provider tells of its machine.
[[nodiscard]] inline core::Server with_machine(core::Server server, const CloudServer& machine) {
    server.provider_server_id = machine.provider_server_id;
    server.public_ip = machine.public_ip;
    server.ssh_port = machine.ssh_port;
    if (!machine.price_monthly.empty()) server.price_monthly = machine.price_monthly;
    if (!machine.price_hourly.empty()) server.price_hourly = machine.price_hourly;
    if (!machine.price_currency.empty()) server.price_currency = machine.price_currency;
    return server;
}

}  // namespace hatchery::providers
