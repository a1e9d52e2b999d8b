#include "core/user_data.hpp"

#include "base/json_value.hpp"
#include "support/catch.hpp"

using namespace hatchery;

TEST_CASE("user data plants the host key and lets one key in") {
    const std::string host_private =
        "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----\n";
    const auto text = core::make_user_data({.host_private_key = base::Secret(host_private),
                                            .host_public_key = "ssh-ed25519 AAAAhost",
                                            .client_public_key = "ssh-ed25519 AAAAclient"})
                          .reveal();
    REQUIRE(text.starts_with("#cloud-config\n"));
    REQUIRE(text.size() < 4096);
    const auto config = base::parse_json(text.substr(text.find('\n') + 1));
    REQUIRE(config);
    REQUIRE((*config)["ssh_keys"]["ed25519_private"] == host_private);
    REQUIRE((*config)["ssh_keys"]["ed25519_public"] == "ssh-ed25519 AAAAhost");
    REQUIRE((*config)["ssh_authorized_keys"] == base::Json::array({"ssh-ed25519 AAAAclient"}));
    REQUIRE((*config)["ssh_pwauth"] == false);
    REQUIRE((*config)["users"].empty());
    REQUIRE((*config)["chpasswd"]["expire"] == false);
}
