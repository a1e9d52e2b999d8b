#pragma once

#include <functional>
#include <utility>

#include "ports/bot_api.hpp"
#include "ports/fleet_store.hpp"
#include "ports/job_store.hpp"

namespace hatchery::simulation {

/// Thrown in the place of a process's death. It is no std::exception, so nothing may catch it.
struct Crash {};

/// Counts port calls and dies right before a chosen one. Between two port calls nothing outside
/// changes, so dying before each call covers dying anywhere.
class CrashPoint {
public:
    void arm(int call) {
        left_ = call;
        calls_ = 0;
    }
    void disarm() { left_ = -1; }
    void pass() {
        ++calls_;
        if (left_ < 0) return;
        if (left_-- == 0) throw Crash{};
    }
    [[nodiscard]] int calls() const { return calls_; }

private:
    int left_ = -1;
    int calls_ = 0;
};

/// A job store whose every call is a crash point, but for those of the process's own upkeep.
class CrashingJobStore final : public ports::JobStore {
public:
    CrashingJobStore(ports::JobStore& inner, CrashPoint& point) : inner_(inner), point_(point) {}
    base::Result<core::Operation> start_operation(const ports::NewOperation& request) override {
        return inner_.start_operation(request);
    }
    base::Result<void> request_cancel(const base::OperationId& operation,
                                      base::TimePoint now) override {
        return inner_.request_cancel(operation, now);
    }
    base::Result<std::vector<ports::ClaimedJob>> claim(
        const ports::ClaimRequest& request) override {
        return inner_.claim(request);
    }
    base::Result<Renewed> renew(std::span<const ports::Lease> leases,
                                base::TimePoint until) override {
        return inner_.renew(leases, until);
    }
    std::vector<base::Result<ports::Applied>> apply_all(
        std::span<const ports::Completion> completions) override {
        point_.pass();
        return inner_.apply_all(completions);
    }
    base::Result<void> give_back(std::span<const ports::Lease> leases,
                                 base::TimePoint now) override {
        return inner_.give_back(leases, now);
    }
    base::Result<int> rescue(base::TimePoint now) override { return inner_.rescue(now); }
    base::Result<void> record(const ports::Lease& lease, std::span<const core::NewEvent> events,
                              const std::optional<std::string>& progress) override {
        point_.pass();
        if (std::exchange(refuse_record_, false)) {
            return base::fail(base::ErrorKind::unavailable, "The database does not answer.");
        }
        return inner_.record(lease, events, progress);
    }
    void refuse_next_record() { refuse_record_ = true; }
    base::Result<core::ChatLine> chat_line(const base::BotId& bot) override {
        return inner_.chat_line(bot);
    }
    base::Result<int> raise(const std::string& signal, base::TimePoint now) override {
        return inner_.raise(signal, now);
    }
    base::Result<std::optional<base::TimePoint>> next_due(
        const std::string& capabilities) override {
        return inner_.next_due(capabilities);
    }

private:
    ports::JobStore& inner_;
    CrashPoint& point_;
    bool refuse_record_ = false;
};

class CrashingFleetStore final : public ports::FleetStore {
public:
    CrashingFleetStore(ports::FleetStore& inner, CrashPoint& point)
        : inner_(inner), point_(point) {}
    base::Result<base::InstallationId> installation() override { return inner_.installation(); }
    base::Result<core::Bot> bot(const base::BotId& id) override { return inner_.bot(id); }
    base::Result<std::optional<core::Server>> server_of(const base::BotId& bot) override {
        return inner_.server_of(bot);
    }
    base::Result<core::Server> plan_server(const ports::Lease& lease, const base::BotId& bot,
                                           const ports::ServerPlan& plan,
                                           base::TimePoint now) override {
        point_.pass();
        return inner_.plan_server(lease, bot, plan, now);
    }
    base::Result<void> change_server(const ports::Lease& lease, const base::ServerId& server,
                                     const ports::ServerChange& change) override {
        point_.pass();
        auto changed = inner_.change_server(lease, server, change);
        if (after_change_) after_change_(change);
        return changed;
    }
    /// What happens while the answer to a change is on its way.
    void after_change(std::function<void(const ports::ServerChange&)> hook) {
        after_change_ = std::move(hook);
    }
    base::Result<void> server_gone(const ports::Lease& lease, const base::ServerId& server,
                                   base::TimePoint now) override {
        point_.pass();
        return inner_.server_gone(lease, server, now);
    }
    base::Result<base::Secret> secret(const ports::SecretRef& ref) override {
        return inner_.secret(ref);
    }
    base::Result<void> put_secret(const ports::Lease& lease, const ports::SecretRef& ref,
                                  const base::Secret& value) override {
        point_.pass();
        return inner_.put_secret(lease, ref, value);
    }
    base::Result<void> remove_secret(const ports::Lease& lease,
                                     const ports::SecretRef& ref) override {
        point_.pass();
        return inner_.remove_secret(lease, ref);
    }
    base::Result<void> note_creates(std::span<const ports::CreateNews> news) override {
        point_.pass();
        return inner_.note_creates(news);
    }
    base::Result<void> learn_addresses(std::span<const ports::FoundAddress> found) override {
        point_.pass();
        return inner_.learn_addresses(found);
    }
    base::Result<std::vector<core::Server>> servers_being_created(
        const std::string& provider) override {
        return inner_.servers_being_created(provider);
    }
    base::Result<std::vector<core::Server>> servers_alive(const std::string& provider) override {
        return inner_.servers_alive(provider);
    }
    base::Result<std::vector<core::Server>> servers_left_behind(base::TimePoint now) override {
        return inner_.servers_left_behind(now);
    }
    base::Result<void> condemn_left_behind(const base::ServerId& server,
                                           const std::string& provider_server_id,
                                           base::TimePoint now) override {
        return inner_.condemn_left_behind(server, provider_server_id, now);
    }
    base::Result<void> left_behind_gone(const base::ServerId& server,
                                        base::TimePoint now) override {
        return inner_.left_behind_gone(server, now);
    }
    base::Result<std::unique_ptr<Leadership>> try_lead(const std::string& name) override {
        return inner_.try_lead(name);
    }

private:
    ports::FleetStore& inner_;
    CrashPoint& point_;
    std::function<void(const ports::ServerChange&)> after_change_;
};

class CrashingBotApi final : public ports::BotApi {
public:
    CrashingBotApi(ports::BotApi& inner, CrashPoint& point) : inner_(inner), point_(point) {}
    base::Result<ports::TelegramBot> get_me(const base::Secret& token,
                                            const base::Call& call) override {
        point_.pass();
        return inner_.get_me(token, call);
    }
    base::Result<void> set_webhook(const base::Secret& token,
                                   const ports::WebhookSettings& settings,
                                   const base::Call& call) override {
        point_.pass();
        return inner_.set_webhook(token, settings, call);
    }
    base::Result<void> delete_webhook(const base::Secret& token, const base::Call& call) override {
        point_.pass();
        return inner_.delete_webhook(token, call);
    }
    base::Result<ports::WebhookInfo> get_webhook_info(const base::Secret& token,
                                                      const base::Call& call) override {
        point_.pass();
        return inner_.get_webhook_info(token, call);
    }

private:
    ports::BotApi& inner_;
    CrashPoint& point_;
};

}  // namespace hatchery::simulation
