#include "api/routes/bot_body.hpp"

#include <algorithm>
#include <set>

#include "api/routes/entitlement.hpp"

namespace hatchery::api::routes {

namespace {

std::optional<core::TelegramMode> read_mode(BodyReader& body) {
    std::optional<core::TelegramMode> mode;
    (void)body.optional_text("telegramMode", [&](std::string_view text) -> core::Wrong {
        mode = base::parse_enum<core::TelegramMode>(text);
        return mode ? core::Wrong{} : core::Wrong{"must be webhook or polling"};
    });
    return mode;
}

core::Wrong check_any_text(std::string_view) { return std::nullopt; }

/// The different values of a member of the offers, comma-separated.
std::string all_of(const std::vector<providers::Offer>& offers,
                   std::string providers::Offer::* member) {
    std::set<std::string> values;
    for (const auto& offer : offers) values.insert(offer.*member);
    std::string text;
    for (const auto& value : values) text += (text.empty() ? "" : ", ") + value;
    return text;
}

/// Checks region and server type against what the provider sells, when it tells.
void check_offer(BodyReader& body, RouteContext& context, const Exchange& exchange,
                 const core::Bot& bot, const std::string& provider) {
    const auto cloud = context.deps.clouds.find(provider);
    if (cloud == context.deps.clouds.end() || (bot.region.empty() && bot.server_type.empty())) {
        return;
    }
    const auto offers = context.deps.offers.offers(*cloud->second, exchange.call(outside_limit));
    if (!offers || offers->empty()) return;
    const auto sold = [&](const std::string& region, const std::string& type) {
        return std::any_of(offers->begin(), offers->end(), [&](const auto& offer) {
            return (region.empty() || offer.region == region) &&
                   (type.empty() || offer.type == type);
        });
    };
    const bool region_known = sold(bot.region, "");
    const bool type_known = sold("", bot.server_type);
    if (!region_known) {
        body.wrong("region", "is not a region of " + provider + "; there are " +
                                 all_of(*offers, &providers::Offer::region));
    }
    if (!type_known) {
        body.wrong("serverType", "is not a server type of " + provider + "; there are " +
                                     all_of(*offers, &providers::Offer::type));
    }
    if (!region_known || !type_known) return;
    const auto& settings = context.deps.settings;
    const auto& region = bot.region.empty() ? settings.default_region : bot.region;
    const auto& type = bot.server_type.empty() ? settings.default_server_type : bot.server_type;
    if (!sold(region, type)) body.wrong("serverType", type + " is not sold in " + region);
}

void read_place(BodyReader& body, RouteContext& context, const Exchange& exchange, core::Bot& bot) {
    const auto& settings = context.deps.settings;
    bot.provider = body.optional_text("provider", core::check_provider_word).value_or("");
    bot.region = body.optional_text("region", core::check_provider_word).value_or("");
    bot.server_type = body.optional_text("serverType", core::check_provider_word).value_or("");
    const std::string provider = bot.provider.empty() ? settings.default_provider : bot.provider;
    if (!bot.provider.empty() && !context.deps.clouds.contains(bot.provider)) {
        body.wrong("provider", "is not a provider of this installation");
        return;
    }
    if (provider != settings.default_provider) {
        // The operator's defaults are names of another provider.
        if (bot.region.empty() && !body.is_wrong("region")) {
            body.wrong("region", "is required with this provider");
        }
        if (bot.server_type.empty() && !body.is_wrong("serverType")) {
            body.wrong("serverType", "is required with this provider");
        }
    }
    if (body.is_wrong("provider") || body.is_wrong("region") || body.is_wrong("serverType")) return;
    check_offer(body, context, exchange, bot, provider);
}

std::string provider_of(const std::string& model) { return model.substr(0, model.find('/')); }

}  // namespace

NewBotBody read_new_bot(BodyReader& body, RouteContext& context, const Exchange& exchange,
                        const store::Account& account) {
    NewBotBody read;
    read.bot.user_id = exchange.user();
    read.bot.name = body.text("name", core::check_bot_name);
    read.telegram_token = base::Secret(body.text("telegramBotToken", core::check_telegram_token));
    const std::string model = body.text("model", check_any_text);
    if (const auto key = body.optional_text("modelApiKey", core::check_model_api_key)) {
        read.model_api_key = base::Secret(*key);
    }
    read.bot.model_base_url =
        body.optional_text("modelBaseUrl", core::check_model_base_url).value_or("");
    // A wrong key or URL is no missing one: the model is judged as if it were right.
    const bool has_key = read.model_api_key || body.is_wrong("modelApiKey");
    const bool has_url = !read.bot.model_base_url.empty() || body.is_wrong("modelBaseUrl");
    if (!body.is_wrong("model")) {
        auto resolved =
            core::resolve_model(context.deps.settings.models,
                                {.model = model, .has_own_key = has_key, .has_base_url = has_url});
        if (resolved) {
            read.bot.model = std::move(*resolved);
        } else {
            body.wrong("model", resolved.error().message);
        }
    }
    read.bot.telegram_mode = read_mode(body).value_or(core::TelegramMode::webhook);
    read.bot.allowed_telegram_user_ids =
        body.optional_user_ids("allowedTelegramUserIds").value_or(std::vector<std::int64_t>{});
    read_place(body, context, exchange, read.bot);
    if (!body.is_wrong("provider")) check_place_of_plan(body, context, exchange, account, read.bot);
    return read;
}

BotUpdateBody read_bot_update(BodyReader& body, RouteContext& context, const core::Bot& bot,
                              bool has_own_key) {
    BotUpdateBody read;
    read.name = body.optional_text("name", core::check_bot_name);
    if (const auto token = body.optional_text("telegramBotToken", core::check_telegram_token)) {
        read.telegram_token = base::Secret(*token);
    }
    read.telegram_mode = read_mode(body);
    read.allowed_telegram_user_ids = body.optional_user_ids("allowedTelegramUserIds");
    const auto model = body.optional_text("model", check_any_text);
    const auto key =
        body.nullable_text("modelApiKey", core::check_model_api_key, read.forget_model_api_key);
    if (key) read.model_api_key = base::Secret(*key);
    bool no_base_url = false;
    read.model_base_url =
        body.nullable_text("modelBaseUrl", core::check_model_base_url, no_base_url);
    if (no_base_url) read.model_base_url = "";
    const bool unclear =
        body.is_wrong("model") || body.is_wrong("modelApiKey") || body.is_wrong("modelBaseUrl");
    const bool touched = model || key || read.forget_model_api_key || read.model_base_url;
    if (unclear || !touched) return read;
    const std::string& base_url = read.model_base_url ? *read.model_base_url : bot.model_base_url;
    const bool keeps_key = has_own_key && !read.forget_model_api_key && !key;
    auto resolved = core::resolve_model(context.deps.settings.models,
                                        {.model = model.value_or(bot.model),
                                         .has_own_key = key.has_value() || keeps_key,
                                         .has_base_url = !base_url.empty()});
    if (!resolved) {
        body.wrong("model", resolved.error().message);
        return read;
    }
    const bool elsewhere =
        provider_of(*resolved) != provider_of(bot.model) || base_url != bot.model_base_url;
    if (keeps_key && elsewhere) {
        // A key is never sent to a service that its owner did not give it for.
        body.wrong("modelApiKey",
                   "is needed for the new service; null stands for none of the bot's own");
    }
    if (model) read.model = std::move(*resolved);
    return read;
}

}  // namespace hatchery::api::routes
