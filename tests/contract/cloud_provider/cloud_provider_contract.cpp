// What every CloudProvider promises, checked against the fake and against each adapter with the
// sandbox behind it: directly, and through a proxy that holds both to the provider's own API
// description. What a provider does not offer, it must say so itself.

#include "contract/cloud_provider/cloud_world.hpp"
#include "contract/cloud_provider/contract_checks.hpp"
#include "support/catch.hpp"

using namespace hatchery;

namespace {

void run_all(contract::CloudWorld& world) {
    for (const contract::Check& check : contract::all_checks()) {
        INFO(check.promise);
        world.clear();
        check.run(world);
        CHECK(world.violations() == "");
    }
}

}  // namespace

TEST_CASE("the fake cloud keeps the contract") {
    const auto world = contract::make_fake_world();
    run_all(*world);
}

TEST_CASE("the operator's own machines keep the contract") {
    const auto world = contract::make_static_world();
    run_all(*world);
}

TEST_CASE("the Hetzner adapter keeps the contract") {
    const auto world = contract::make_hetzner_world(contract::Route::direct);
    run_all(*world);
}

TEST_CASE("the Hetzner adapter and the sandbox keep to Hetzner's API description") {
    if (contract::openapi_document("hetzner-cloud").empty()) {
        WARN("skipped: no hetzner-cloud.openapi.json in HATCHERY_SPECS_DIR or ../shared/specs");
        return;
    }
    const auto world = contract::make_hetzner_world(contract::Route::through_openapi_proxy);
    run_all(*world);
}

TEST_CASE("the DigitalOcean adapter keeps the contract") {
    const auto world = contract::make_digitalocean_world(contract::Route::direct);
    run_all(*world);
}

TEST_CASE("the DigitalOcean adapter and the sandbox keep to DigitalOcean's API description") {
    if (contract::openapi_document("digitalocean").empty()) {
        WARN("skipped: no digitalocean.openapi.json in HATCHERY_SPECS_DIR or ../shared/specs");
        return;
    }
    const auto world = contract::make_digitalocean_world(contract::Route::through_openapi_proxy);
    run_all(*world);
}
