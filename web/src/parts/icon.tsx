/* The drawings: 24 × 24, one line width, in the colour of the text around them. Never alone: a word
 * stands beside each, or in the label of the button that it fills. */
const drawings = {
    calls: 'M5 4h3.5l1.6 4.2-2 1.6a12 12 0 0 0 6.1 6.1l1.6-2L20 15.5V19a1.6 1.6 0 0 1-1.7 1.6A15.6 15.6 0 0 1 3.4 5.7 1.6 1.6 0 0 1 5 4z',
    quarantine:
        'M4 13h4.5l1.5 2.5h4L15.500 13H20M4 13l2.600-8h10.800L20 13v5.500A1.500 1.500 0 0 1 18.500 20h-13A1.500 1.500 0 0 1 4 18.500z',
    doctor: 'M6 4v5a4.500 4.500 0 0 0 9 0V4M10.500 13.500v2a4.500 4.500 0 0 0 9 0v-2M19.500 9.500a2 2 0 1 1 0 4 2 2 0 0 1 0-4z',
    alarms: 'M6.500 16.500v-5.500a5.500 5.500 0 0 1 11 0v5.500l1.500 2H5zM10 20.500h4M12 3v2.500',
    inbound: 'M18 6 7 17M7 8.500V17h8.500',
    outbound: 'M6 18 17 7M8.500 7H17v8.500',
    internal: 'M4 9h15l-4-4M20 15H5l4 4',
    unknown: 'M5 12h14',
    stored: 'm5 12.500 4.500 4.500L19 7.500',
    waiting: 'M12 7v5l3 2M12 3.500a8.500 8.500 0 1 1 0 17 8.500 8.500 0 0 1 0-17z',
    fetching: 'M12 4v11m0 0-4.500-4.500M12 15l4.500-4.500M5 19.500h14',
    missing: 'M12 8v5m0 3.200v.1M12 3.500a8.500 8.500 0 1 1 0 17 8.500 8.500 0 0 1 0-17z',
    not_expected: 'M7 12h10',
    search: 'M10.500 4a6.500 6.500 0 1 1 0 13 6.500 6.500 0 0 1 0-13zM15.500 15.500 20 20',
    back: 'M14.500 6 8.500 12l6 6',
    arrow: 'M5 12h14m-5-5 5 5-5 5',
    download: 'M12 4v11m0 0-4.500-4.500M12 15l4.500-4.500M5 19.500h14',
    retry: 'M19 12a7 7 0 1 1-2.200-5.100L19 9m0-4.500V9h-4.500',
    copy: 'M9 9h10.500v10.500H9zM15 9V4.500H4.500V15H9',
    system: 'M4 5h16v11H4zM9 20h6M12 16v4',
    light: 'M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM12 3v1.500M12 19.500V21M3 12h1.500M19.500 12H21M5.600 5.600l1.100 1.100M17.300 17.300l1.100 1.100M5.600 18.400l1.100-1.100M17.300 6.700l1.100-1.100',
    dark: 'M19.500 14.200A8 8 0 0 1 9.800 4.500a8 8 0 1 0 9.700 9.700z',
    leave: 'M14 4.500H5.500v15H14M10 12h10m-3.500-3.500L20 12l-3.500 3.500',
    chevron: 'm7 10 5 5 5-5',
    empty: 'M4 10v4M8 7v10M12 4v16M16 8v8M20 10.500v3',
} as const;

export type IconName = keyof typeof drawings;

export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
    return (
        <svg class="icon" viewBox="0 0 24 24" width={size} height={size} aria-hidden="true">
            <path d={drawings[name]} />
        </svg>
    );
}

export function PlayIcon({ isPlaying }: { isPlaying: boolean }) {
    return (
        <svg class="icon filled" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
            <path
                d={
                    isPlaying
                        ? 'M7 5h3.500v14H7zM13.500 5H17v14h-3.500z'
                        : 'M8 4.800v14.400L19.500 12z'
                }
            />
        </svg>
    );
}

/* Ten seconds back or forward: an arrow around the figure. */
export function JumpIcon({ isBack }: { isBack: boolean }) {
    return (
        <svg class="icon" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
            <path
                d={
                    isBack
                        ? 'M7.500 5.800A8 8 0 1 1 4 12.500M7.800 2.800v3.400h3.400'
                        : 'M16.500 5.800A8 8 0 1 0 20 12.500M16.200 2.800v3.400h-3.400'
                }
            />
            <text x="12" y="15.600" class="figure">
                10
            </text>
        </svg>
    );
}
