import { frozenMigrations } from '@fairlead/ports/contracts/store';
import { migrations } from './list.ts';

frozenMigrations(migrations, ['12ed159af11abb2741ff3d63b17d5ffc856c5647f8a65299ac811a7e62a8db53']);
