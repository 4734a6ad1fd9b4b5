{{ config(materialized='table') }}

with zone_days as (
    select * from {{ ref('fct_traffic_daily') }}
),

days as (
    select
        processor_id,
        camera_id,
        day,
        weekday,
        min(coverage) as coverage,
        bool_and(is_over) as is_over,
        sum(traffic)::bigint as traffic
    from zone_days
    group by processor_id, camera_id, day, weekday
),

judged as (
    select *, is_over and coverage >= {{ var('least_coverage') }} as is_judged
    from days
),

-- The same weekday of the weeks before, as far as it was watched.
compared as (
    select
        judged.processor_id,
        judged.day,
        array_agg(before.traffic) as traffic_before
    from judged
    cross join generate_series(1, {{ var('baseline_weeks') }}) as weeks
    inner join judged as before
        on judged.processor_id = before.processor_id and before.day = judged.day - 7 * weeks
    where judged.is_judged and before.is_judged
    group by judged.processor_id, judged.day
),

medians as (
    select
        compared.processor_id,
        compared.day,
        cardinality(compared.traffic_before) as days_compared,
        middle.baseline,
        apart.deviation
    from compared
    cross join lateral (
        select percentile_cont(0.5) within group (order by traffic) as baseline
        from unnest(compared.traffic_before) as traffic
    ) as middle
    cross join lateral (
        select percentile_cont(0.5) within group (order by abs(traffic - middle.baseline)) as deviation
        from unnest(compared.traffic_before) as traffic
    ) as apart
),

scored as (
    select
        judged.processor_id,
        judged.camera_id,
        judged.day,
        judged.weekday,
        judged.traffic,
        judged.coverage,
        coalesce(medians.days_compared, 0)::bigint as days_compared,
        medians.baseline,
        -- Counts scatter by their root even where nothing changes: four equal weeks are no proof of certainty.
        greatest(1.4826 * medians.deviation, sqrt(medians.baseline), 1.0) as spread,
        medians.days_compared >= 3 as is_comparable
    from judged
    left join medians on judged.processor_id = medians.processor_id and judged.day = medians.day
)

select
    processor_id,
    camera_id,
    day,
    weekday,
    traffic,
    coverage,
    days_compared,
    baseline,
    case when is_comparable then ((traffic - baseline) / spread)::float8 end as anomaly_score,
    case when is_comparable then abs(traffic - baseline) / spread >= {{ var('unusual_from') }} end as is_unusual
from scored
