#include <atomic>
#include <optional>

#include "contract/cloud_provider/cloud_world.hpp"

namespace hatchery::contract {

namespace {

using base::Effect;
using base::ErrorKind;

class HandClock final : public base::Clock {
public:
    base::TimePoint now() const override { return now_; }
    void advance(std::chrono::microseconds by) { now_ += by; }

private:
    base::TimePoint now_{std::chrono::seconds(1'700'000'000)};
};

ErrorKind kind_of(const std::string& code) {
    if (code == "unauthorized" || code == "token_readonly" || code == "forbidden") {
        return ErrorKind::unauthorized;
    }
    if (code == "resource_limit_exceeded") return ErrorKind::quota_exceeded;
    if (code == "conflict" || code == "locked") return ErrorKind::conflict;
    if (code == "resource_unavailable" || code == "placement_error") {
        return ErrorKind::out_of_stock;
    }
    if (code == "invalid_input") return ErrorKind::invalid;
    if (code == "rate_limit_exceeded") return ErrorKind::rate_limited;
    return code == "timeout" ? ErrorKind::timeout : ErrorKind::unavailable;
}

class FakeWorld final : public CloudWorld {
public:
    FakeWorld() { clear(); }

    providers::CloudProvider& provider() override { return *provider_; }
    providers::CreateServer plain_request(const std::string& name) override {
        return {.name = name,
                .region = "fsn1",
                .type = "cx23",
                .image = "debian-12",
                .labels = {{"installation", "one"}, {"bot", "some-bot"}},
                .user_data = base::Secret("#cloud-config\n")};
    }
    std::string other_region() override { return "nbg1"; }
    std::string currency() override { return "EUR"; }
    int page_size() override { return 50; }
    std::vector<Refusal> refusals() override { return hetzner_refusals(); }
    std::string add_address(providers::ResourceKind kind,
                            const std::map<std::string, std::string>& labels) override {
        return provider_->add_resource({.kind = kind,
                                        .name = "somebodys",
                                        .labels = labels,
                                        .region = "fsn1",
                                        .price_monthly = "0.5000",
                                        .price_currency = "EUR"});
    }
    void clear() override { provider_.emplace(clock_); }
    bool runs_in_time(const std::string& id) override {
        clock_.advance(std::chrono::minutes(1));
        return comes_to(id, providers::CloudServerStatus::running);
    }
    bool comes_to(const std::string& id, providers::CloudServerStatus status) override {
        if (status == providers::CloudServerStatus::off) clock_.advance(std::chrono::minutes(1));
        const auto server = provider_->get_server(id, base::Call::within(std::chrono::seconds(1)));
        return server && *server && (*server)->status == status;
    }
    bool lock_next_delete() override {
        refuse_next(Method::remove, 423, "locked");
        return true;
    }
    std::optional<Refusal> fail_next_create_action() override {
        provider_->fail_next_create_actions(1, ErrorKind::out_of_stock);
        return Refusal{0, "resource_unavailable", ErrorKind::out_of_stock, Effect::none};
    }
    void lose_next_create_answer() override { provider_->lose_next_create_answers(1); }
    void refuse_next(Method method, int status, const std::string& code) override {
        base::Error error{.kind = kind_of(code),
                          .effect = status >= 500 ? Effect::unknown : Effect::none,
                          .message = "planned",
                          .code = code};
        if (error.kind == ErrorKind::rate_limited) error.retry_after = std::chrono::seconds(1);
        provider_->fail_next(method, 1, error);
    }
    void set_out_of_stock(const std::string& type, const std::string& region) override {
        provider_->set_out_of_stock(type, region);
    }
    void set_max_servers(int count) override {
        provider_->set_max_servers(static_cast<std::size_t>(count));
    }
    void exhaust_requests() override {
        provider_->fail_next(Method::create, 1, ErrorKind::rate_limited);
    }

private:
    HandClock clock_;
    std::optional<support::FakeCloudProvider> provider_;
};

}  // namespace

std::unique_ptr<CloudWorld> make_fake_world() { return std::make_unique<FakeWorld>(); }

}  // namespace hatchery::contract
