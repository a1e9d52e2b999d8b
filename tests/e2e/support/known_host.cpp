#include "e2e/support/known_host.hpp"

#include "core/user_data.hpp"
#include "crypto/key_ring.hpp"
#include "support/catch.hpp"

namespace hatchery::e2e {

KnownHost make_known_host(const ApiClient& cloud, const std::string& name, std::uint16_t ssh_port) {
    const auto keys = crypto::make_key_maker();
    const auto host_key = keys->make_ssh_key();
    const auto client_key = keys->make_ssh_key();
    const auto user_data = core::make_user_data({.host_private_key = host_key.private_key,
                                                 .host_public_key = host_key.public_key,
                                                 .client_public_key = client_key.public_key});
    const auto made = cloud.post("/servers", {{"name", name},
                                              {"server_type", "cx23"},
                                              {"image", "debian-12"},
                                              {"user_data", user_data.reveal()}});
    INFO(base::dump_json(made.body));
    REQUIRE(made.status == 201);
    const auto& server = base::json_member(made.body, "server");
    const auto& net = base::json_member(base::json_member(server, "public_net"), "ipv4");
    return {.id = base::json_int(server, "id"),
            .target = {.host = base::json_string(net, "ip"),
                       .port = ssh_port,
                       .user = "root",
                       .host_keys = {host_key.public_key},
                       .private_key = client_key.private_key}};
}

}  // namespace hatchery::e2e
