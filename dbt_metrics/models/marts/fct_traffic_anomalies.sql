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
    select * from days
    where is_over and coverage >= {{ var('least_coverage') }}
),

-- The same weekday of the weeks before, as far as it was watched.
compared as (
    select
        judged.processor_id,
        judged.day,
        before.traffic as before_traffic
    from judged
    inner join judged as before
        on
            judged.processor_id = before.processor_id
            and judged.weekday = before.weekday
            and before.day >= judged.day - 7 * {{ var('baseline_weeks') }}
            and before.day < judged.day
),

medians as (
    select
        processor_id,
        day,
        count(*) as days_compared,
        percentile_cont(0.5) within group (order by before_traffic) as baseline
    from compared
    group by processor_id, day
),

deviations as (
    select
        compared.processor_id,
        compared.day,
        percentile_cont(0.5) within group (order by abs(compared.before_traffic - medians.baseline)) as mad
    from compared
    inner join medians on compared.processor_id = medians.processor_id and compared.day = medians.day
    group by compared.processor_id, compared.day
),

scored as (
    select
        days.processor_id,
        days.camera_id,
        days.day,
        days.weekday,
        days.traffic,
        days.coverage,
        coalesce(medians.days_compared, 0) as days_compared,
        medians.baseline,
        -- Counts scatter by their root even where nothing changes: four equal weeks are no proof of certainty.
        greatest(1.4826 * deviations.mad, sqrt(medians.baseline), 1.0) as spread,
        judged.processor_id is not null and medians.days_compared >= 3 as is_comparable
    from days
    left join judged on days.processor_id = judged.processor_id and days.day = judged.day
    left join medians on days.processor_id = medians.processor_id and days.day = medians.day
    left join deviations on days.processor_id = deviations.processor_id and days.day = deviations.day
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
