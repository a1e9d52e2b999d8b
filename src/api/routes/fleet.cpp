#include <algorithm>

#include "api/list_page.hpp"
#include "api/routes/routes.hpp"
#include "base/json_value.hpp"

namespace hatchery::api::routes {

namespace {

using base::Json;

constexpr std::chrono::hours messages_counted{24};

/// A bot as its user sees it, with whose it is, what runs on it, and what it costs.
Json fleet_view(const RouteContext& context, const store::FleetBot& found) {
    Json view = bot_view(found.bot, context.place_defaults());
    view["ownerId"] = found.bot.user_id.text();
    view["ownerEmail"] = found.owner_email;
    view["openclawVersion"] =
        found.openclaw_version.empty() ? Json() : Json(found.openclaw_version);
    view["server"] = server_view(found.server);
    return view;
}

Outcome fleet(RouteContext& context, const Exchange& exchange) {
    QueryReader query(exchange);
    const auto limit = static_cast<int>(query.number("limit", 50, 1, 200));
    const auto after = query.text("after", core::check_cursor);
    if (auto problem = query.finish()) return refuse(std::move(*problem));
    const auto page = context.deps.fleet_overview.bots(after, limit);
    if (!page) return refuse(page_problem(query, page.error()));
    Json items = Json::array();
    for (const auto& found : page->items) items.push_back(fleet_view(context, found));
    return page_answer(std::move(items), page->next);
}

/// Who wrote to the bot, and whether the bot talks to them. A person's name is the person's choice.
Json senders_view(const core::Bot& bot, const std::vector<store::BotSender>& senders) {
    const auto& allowed = bot.allowed_telegram_user_ids;
    Json views = Json::array();
    for (const auto& [sender, last_at] : senders) {
        const bool may_talk =
            std::find(allowed.begin(), allowed.end(), sender.user_id) != allowed.end();
        views.push_back({{"userId", sender.user_id},
                         {"name", sender.name},
                         {"username", sender.username.empty() ? Json() : Json(sender.username)},
                         {"lastAt", base::format_time(last_at)},
                         {"allowed", may_talk}});
    }
    return views;
}

/// What came through the webhook within a day. A bot that polls gets its messages from Telegram
/// itself, and nobody here counts them.
Outcome messages(RouteContext& context, const Exchange& exchange) {
    const auto bot = own_bot(context, exchange, exchange.path.front());
    if (!bot) return refuse(bot.error());
    const auto since = context.deps.clock.now() - messages_counted;
    const auto found = context.deps.fleet_overview.messages(bot->id, since);
    if (!found) return refuse(found.error());
    const auto senders = context.deps.fleet_overview.senders(bot->id);
    if (!senders) return refuse(senders.error());
    const bool counted = bot->telegram_mode == core::TelegramMode::webhook;
    return json_answer(
        200, {{"since", base::format_time(since)},
              {"received", counted ? Json(found->received) : Json()},
              {"waiting", found->waiting},
              {"failed", found->failed},
              {"lastAt", found->last_at ? Json(base::format_time(*found->last_at)) : Json()},
              {"senders", senders_view(*bot, *senders)}});
}

}  // namespace

void add_fleet_routes(Router& router, RouteContext& context) {
    router.add("GET", "/api/admin/fleet", [&](const Exchange& e) { return fleet(context, e); });
    router.add("GET", "/api/bots/:id/messages",
               [&](const Exchange& e) { return messages(context, e); });
}

}  // namespace hatchery::api::routes
