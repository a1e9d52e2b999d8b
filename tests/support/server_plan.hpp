#pragma once

#include <string>

#include "ports/fleet_store.hpp"

namespace hatchery::support {

/// A server of usual size, with keys that open nothing.
[[nodiscard]] inline ports::ServerPlan server_plan(const base::ServerId& id,
                                                   const std::string& provider = "hetzner") {
    return {.id = id,
            .provider = provider,
            .region = "fsn1",
            .type = "cx23",
            .image = "debian-12",
            .host_key = "ssh-ed25519 AAAAhost",
            .planted_host_key = base::Secret("host private"),
            .client_public_key = "ssh-ed25519 AAAAclient",
            .client_key = base::Secret("client private")};
}

}  // namespace hatchery::support
