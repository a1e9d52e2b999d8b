#include "base/json_value.hpp"
#include "contract/cloud_provider/sandbox_world.hpp"
#include "providers/digitalocean/digitalocean_provider.hpp"

namespace hatchery::contract {

namespace {

SandboxCloud digitalocean() {
    return {.name = "digitalocean",
            .document = "digitalocean",
            .prefix_in_document = "/v2",
            .path_of_servers = "/droplets",
            .make = [](const std::string& url, ports::HttpTransport& transport,
                       const base::Clock& clock) {
                return providers::make_digitalocean_provider(
                    {.base_url = url, .token = base::Secret("contract-token")}, transport, clock);
            }};
}

class DigitalOceanWorld final : public SandboxWorld {
public:
    explicit DigitalOceanWorld(Route route) : SandboxWorld(digitalocean(), route) {}

    providers::CreateServer plain_request(const std::string& name) override {
        return {.name = name,
                .region = "fra1",
                .type = "s-1vcpu-1gb",
                .image = "debian-12-x64",
                .labels = {{"installation", "one"}, {"bot", "some-bot"}},
                .user_data = base::Secret("#cloud-config\n")};
    }
    std::string other_region() override { return "ams3"; }
    std::string currency() override { return "USD"; }
    int page_size() override { return 200; }
    std::vector<Refusal> refusals() override {
        using base::Effect;
        using base::ErrorKind;
        return {{401, "unauthorized", ErrorKind::unauthorized, Effect::none},
                {403, "forbidden", ErrorKind::unauthorized, Effect::none},
                {409, "conflict", ErrorKind::conflict, Effect::none},
                {422, "unprocessable_entity", ErrorKind::invalid, Effect::none},
                {429, "too_many_requests", ErrorKind::rate_limited, Effect::none},
                {500, "server_error", ErrorKind::unavailable, Effect::unknown},
                {502, "bad_gateway", ErrorKind::unavailable, Effect::unknown},
                {503, "service_unavailable", ErrorKind::unavailable, Effect::unknown},
                {504, "gateway_timeout", ErrorKind::timeout, Effect::unknown}};
    }

    std::optional<Refusal> fail_next_create_action() override {
        put_faults(R"({"createActionFails":1,"rateLimit":{"limit":100000,"perMinute":100000}})");
        return Refusal{0, "errored", base::ErrorKind::unavailable, base::Effect::none};
    }
    std::string add_bare_address() override {
        // One that a Droplet has, too.
        const auto server = provider().create_server(plain_request("hatchery-reserved"),
                                                     base::Call::within(std::chrono::seconds(30)));
        (void)post("/reserved_ips", {{"droplet_id", std::stoll(server->provider_server_id)}});
        const auto made = post("/reserved_ips", {{"region", "fra1"}});
        return base::json_string(base::json_member(made, "reserved_ip"), "ip");
    }

protected:
    /// A whole page of servers is more than an account may make in a minute.
    std::string no_faults() const override {
        return R"({"rateLimit":{"limit":100000,"perMinute":100000}})";
    }
};

}  // namespace

std::unique_ptr<CloudWorld> make_digitalocean_world(Route route) {
    return std::make_unique<DigitalOceanWorld>(route);
}

}  // namespace hatchery::contract
