#include <fmt/format.h>

#include "core/chat.hpp"
#include "core/ownership.hpp"
#include "simulation/fleet/world.hpp"

namespace hatchery::simulation {

namespace {

using namespace std::chrono_literals;
using core::OperationKind;

constexpr std::size_t most_bots = 6;

}  // namespace

// What users do, and what the world does to everybody.

void World::user_event() {
    count_event();
    auto& installation = *installations[static_cast<std::size_t>(
        random.below(static_cast<int>(installations.size())))];
    if (installation.bots.size() < most_bots && random.chance(60)) add_bot(installation);
    const auto& id = installation.bots[static_cast<std::size_t>(
        random.below(static_cast<int>(installation.bots.size())))];
    // The API has a machine of its own, with a clock of its own.
    const auto skew = clock.skew();
    const bool skewed = troubled_ && profile.clock_jump > 0 && random.chance(300);
    clock.set_skew(base::Milliseconds(skewed ? random.between(-20'000, 20'000) : 0));
    const auto bot = installation.database.bots.at(id).bot;
    const core::Operation* live = nullptr;
    for (const auto& [operation_id, operation] : installation.database.operations) {
        if (operation.bot_id == id && operation.kind != OperationKind::chat &&
            !core::is_terminal(operation.state)) {
            live = &operation;
        }
    }
    // Of those who talk to a bot that is not deployed there are few.
    const bool deployed = installation.database.current_deployment(id) != nullptr;
    if (random.chance(deployed ? profile.chat : profile.chat / 10)) {
        chat_event(installation, bot);
    } else if (live == nullptr) {
        ask_for_operation(installation, bot);
    } else if (random.chance(250)) {
        ask_for_cancel(installation, *live);
    } else if (random.chance(250)) {
        count(Fault::second_operation);
        ask_for_operation(installation, bot);
    }
    clock.set_skew(skew);
    checks_.after_turn();
    clock.advance(1ms);
}

void World::ask_for_operation(Installation& installation, const core::Bot& bot) {
    static constexpr std::array without_server{OperationKind::deploy,  OperationKind::deploy,
                                               OperationKind::deploy,  OperationKind::deploy,
                                               OperationKind::destroy, OperationKind::start};
    static constexpr std::array with_server{OperationKind::stop,        OperationKind::start,
                                            OperationKind::start,       OperationKind::restart,
                                            OperationKind::reconfigure, OperationKind::stop,
                                            OperationKind::destroy,     OperationKind::deploy};
    const bool deployed = installation.database.current_deployment(bot.id) != nullptr;
    const auto kind =
        deployed ? with_server.at(static_cast<std::size_t>(random.below(with_server.size())))
                 : without_server.at(static_cast<std::size_t>(random.below(without_server.size())));
    const auto started = installation.jobs().start_operation(
        {.bot_id = bot.id,
         .user_id = bot.user_id,
         .kind = kind,
         .now = clock.now(),
         .deadline_at = clock.now() + std::chrono::seconds(random.between(60, 900)),
         .priority = random.between(0, 2)});
    trace.add("operation", static_cast<std::uint64_t>(kind), started ? 1 : 0);
    trace.line([&] {
        return stamp() + fmt::format("a user asks to {} bot {}: {}", base::to_text(kind),
                                     bot.id.text().substr(24),
                                     started ? std::string("accepted") : started.error().message);
    });
}

void World::chat_event(Installation& installation, const core::Bot& bot) {
    const auto live = installation.database.live_chats(bot.id);
    if (!live.empty() && random.chance(200)) {
        return ask_for_cancel(
            installation,
            *live.at(static_cast<std::size_t>(random.below(static_cast<int>(live.size())))));
    }
    const bool interrupts = random.chance(300);
    count(interrupts ? Fault::interrupt : Fault::chat);
    const auto started = installation.jobs().start_operation(
        {.bot_id = bot.id,
         .user_id = bot.user_id,
         .kind = OperationKind::chat,
         .now = clock.now(),
         .deadline_at = clock.now() + std::chrono::seconds(random.between(30, 600)),
         .priority = random.between(0, 2),
         .payload = core::chat_payload_text(
             {.message = secret_mark, .session_key = {}, .interrupt = interrupts}),
         .earlier_chats = interrupts ? ports::EarlierChats::cancel : ports::EarlierChats::keep});
    trace.add("chat", interrupts ? 1 : 0, started ? 1 : 0);
    trace.line([&] {
        return stamp() + fmt::format("a user {} bot {}: {}", interrupts ? "interrupts" : "talks to",
                                     bot.id.text().substr(24),
                                     started ? "chat " + started->id.text().substr(24)
                                             : started.error().message);
    });
}

void World::ask_for_cancel(Installation& installation, const core::Operation& live) {
    const base::OperationId id = live.id;
    const auto cancelled = installation.jobs().request_cancel(id, clock.now());
    if (cancelled) count(Fault::cancel);
    trace.add("cancel", cancelled ? 1 : 0);
    trace.line([&] {
        return stamp() +
               fmt::format("a user cancels the {} of bot {}: {}", base::to_text(live.kind),
                           live.bot_id.text().substr(24),
                           cancelled ? std::string("accepted") : cancelled.error().message);
    });
}

void World::trouble_event() {
    count_event();
    auto& slot = slots_[static_cast<std::size_t>(random.below(static_cast<int>(slots_.size())))];
    // Rates are per event; a trouble event is one of about twelve.
    const auto happens = [&](int per_mille) { return random.chance(per_mille * 12); };
    if (slot.process && happens(profile.kill)) {
        count(Fault::process_killed, [&] { return slot.process->name(); });
        kill(slot);
    } else if (slot.process && happens(profile.drain)) {
        count(Fault::drained, [&] { return slot.process->name(); });
        slot.back_at = clock.true_time() + base::Milliseconds(random.between(0, 20'000));
        turn(slot, "drain", &Process::drain);
    } else if (happens(profile.outage)) {
        count(Fault::database_outage);
        slot.installation->refuses_until =
            clock.true_time() + base::Milliseconds(random.between(100, 60'000));
    } else if (happens(profile.cloud_trouble)) {
        cloud_trouble();
    } else if (happens(profile.cloud_trouble)) {
        meddle(*slot.installation);
    } else if (happens(profile.host_trouble)) {
        if (random.chance(500)) {
            machines_.restart_one();
        } else {
            machines_.take_one_down(base::Milliseconds(random.between(500, 90'000)));
        }
    } else if (slot.process && happens(profile.clock_jump)) {
        jump_a_clock();
    } else if (!slot.installation->leaders.empty() && happens(profile.leadership_cut)) {
        count(Fault::leadership_cut);
        for (auto* leader : slot.installation->leaders) leader->cut();
    } else {
        work_event();
    }
}

void World::cloud_trouble() {
    switch (random.below(7)) {
        case 0:
            count(Fault::out_of_stock);
            return provider.set_out_of_stock("", "");
        case 1:
        case 2:
            provider.set_max_servers(1'000'000);
            return provider.restock();
        case 3:
            count(Fault::quota);
            return provider.set_max_servers(provider.servers().size());
        case 4:
            if (random.chance(500)) {
                count(Fault::create_fails_late);
                return provider.fail_next_create_actions(1, random.chance(500)
                                                                ? base::ErrorKind::out_of_stock
                                                                : base::ErrorKind::unavailable);
            }
            count(Fault::boot_never_ends);
            return provider.never_boot_next(1);
        default:
            count(Fault::listed_late);
            return provider.hide_new_servers_for(
                base::Milliseconds(random.chance(300) ? 0 : random.between(1, 45) * 1'000));
    }
}

void World::meddle(Installation& installation) {
    if (random.chance(200)) {
        count(Fault::sweep_asked);
        (void)installation.ledger().ask_for_sweep(clock.true_time());
        return;
    }
    if (random.chance(300)) return leave_something_over(installation);
    const auto machines = checks_.machines_in_use(installation);
    // A project that lacks more than a few is doubted, and nothing is done.
    constexpr std::size_t few = 3;
    if (machines.there.empty()) return;
    const auto& id = machines.there.at(
        static_cast<std::size_t>(random.below(static_cast<int>(machines.there.size()))));
    if (machines.missing < few && random.chance(500)) {
        count(Fault::server_vanished, [&] { return id; });
        provider.vanish(id);
    } else {
        count(Fault::switched_off, [&] { return id; });
        (void)provider.change_power(id, providers::PowerAction::off, base::Call::within(1min));
    }
}

void World::leave_something_over(Installation& installation) {
    std::vector<base::ServerId> gone;
    for (const auto& [id, server] : installation.database.server_rows) {
        if (server.state == core::ServerState::deleted) gone.push_back(id);
    }
    if (gone.empty()) return;
    const auto& server =
        gone.at(static_cast<std::size_t>(random.below(static_cast<int>(gone.size()))));
    constexpr auto kinds = base::EnumNames<providers::ResourceKind>::names;
    providers::CloudResource resource{
        .kind =
            kinds.at(static_cast<std::size_t>(random.below(static_cast<int>(kinds.size())))).first};
    // Where creates name no key, nobody makes one that bears our label.
    const bool is_key = resource.kind == providers::ResourceKind::ssh_key;
    if (is_key && !provider.wants_ssh_key()) resource.kind = providers::ResourceKind::snapshot;
    resource.name = fmt::format("left-{}", ++left_over_);
    resource.labels = {{core::label_installation, installation.database.installation().text()},
                       {core::label_server, server.text()}};
    count(Fault::left_over, [&] { return resource.name; });
    (void)provider.add_resource(std::move(resource));
}

void World::jump_a_clock() {
    auto& slot = slots_[static_cast<std::size_t>(random.below(static_cast<int>(slots_.size())))];
    if (!slot.process) return;
    const bool forward = random.chance(500);
    const bool far = random.chance(200);
    const base::Milliseconds by{far ? random.between(60'000, 1'000'000)
                                    : random.between(500, 60'000)};
    const auto skew = forward ? slot.process->skew() + by : slot.process->skew() - by;
    count(forward ? Fault::clock_forward : Fault::clock_backward,
          [&] { return fmt::format("{} by {} ms", slot.process->name(), by.count()); });
    slot.process->set_skew(random.chance(300) ? base::Milliseconds{0} : skew);
    furthest_skew = std::max(furthest_skew, std::chrono::abs(skew));
}

}  // namespace hatchery::simulation
